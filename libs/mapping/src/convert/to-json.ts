import { isJson } from '../json/find-json.ts';
import { textOf } from '../text-of.ts';
import type { Conversion, ConversionRequest } from './conversion.ts';

/** To a column of JSON: of a text that is a document, and of numbers. */
export function toJson({ from, to, loss, refuse }: ConversionRequest): Conversion {
  switch (from.kind) {
    case 'json':
      return (value) => value;
    case 'text':
      return (value) => (isJson(String(value)) ? value : loss.invalid('JSON'));
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
      // A year is printed with zeros in front, which are no number.
      return (value) => textOf(value, from.kind === 'year' ? { kind: 'integer' } : from);
    default:
      throw refuse(`${from.declared} does not become ${to.declared}: make a text of it that is a document`);
  }
}
