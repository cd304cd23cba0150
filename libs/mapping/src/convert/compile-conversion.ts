import type { Conversion, ConversionRequest } from './conversion.ts';
import { toBytes } from './to-bytes.ts';
import { toJson } from './to-json.ts';
import { toLabels } from './labels.ts';
import { isWithin, toNumber } from './to-number.ts';
import { toTemporal } from './to-temporal.ts';
import { toText } from './to-text.ts';

const unchanged: Conversion = (value) => value;

/** How values of one type become values of another. Throws MAPPING_STEP_INVALID where none would. */
export function compileConversion(request: ConversionRequest): Conversion {
  const { from, to, isBoolean, refuse } = request;
  switch (to.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
      return isWithin(from, to) && !isBoolean ? unchanged : toNumber(request);
    case 'text':
      return toText(request);
    case 'binary':
      return toBytes(request);
    case 'enum':
    case 'set':
      return toLabels(request);
    case 'json':
      return toJson(request);
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return toTemporal(request);
    case 'geometry':
      throw refuse(`${from.declared} does not become ${to.declared}`);
  }
}
