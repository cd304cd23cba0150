import type { ColumnDefinition, SyncError } from '@lutra/model';
import { findJson } from '../json/find-json.ts';
import { textOf } from '../text-of.ts';
import type { Conversion, ConversionRequest } from './conversion.ts';
import { parseNumber, rescale } from './exact-number.ts';

/** The number of an enum's label, from 1 on, 0 for its error value; the bits of a set's labels. Null when it has no such label. */
export function labelNumber(
  { kind, labels, declared }: ColumnDefinition,
  refuse: (why: string) => SyncError,
): (text: string) => bigint | null {
  if (labels === undefined) throw refuse(`the labels of ${declared} are not known`);
  const numbers = new Map(
    labels.map((label, index) => [label, kind === 'enum' ? BigInt(index + 1) : 1n << BigInt(index)]),
  );
  if (kind === 'enum') return (text) => numbers.get(text) ?? (text === '' ? 0n : null);
  return (text) => {
    let bits = 0n;
    if (text === '') return bits;
    for (const label of text.split(',')) {
      const bit = numbers.get(label);
      if (bit === undefined) return null;
      bits |= bit;
    }
    return bits;
  };
}

/** To an enum or set: of texts by the labels as they are written, of whole numbers by the labels' numbers. */
export function toLabels(request: ConversionRequest): Conversion {
  const { from, to, loss, refuse } = request;
  const { labels = [] } = to;
  const chosen = to.kind === 'enum' ? enumOf(labels) : setOf(labels, loss.mayCut);
  switch (from.kind) {
    case 'text':
    case 'enum':
    case 'set':
      return (value) => chosen(String(value)) ?? loss.lost();
    case 'json':
      return (value) => {
        const plain = findJson(String(value), []);
        if (plain === undefined) return loss.invalid('JSON');
        return plain === null ? null : (chosen(plain) ?? loss.lost());
      };
    case 'integer':
    case 'bit':
    case 'year':
    case 'decimal': {
      const numbered = to.kind === 'enum' ? enumAt(labels) : setAt(labels);
      return (value) => {
        const number = parseNumber(textOf(value, from));
        if (number === null) return loss.invalid('number');
        const { unscaled, isExact } = rescale(number, 0, 'cut');
        return (isExact ? numbered(unscaled) : null) ?? loss.lost();
      };
    }
    default:
      throw refuse(`${from.declared} does not become ${to.declared}`);
  }
}

function enumOf(labels: readonly string[]): (text: string) => string | null {
  const known = new Set(labels);
  return (text) => (known.has(text) ? text : null);
}

/** In the order of the labels, each once, as the servers keep them. */
function setOf(labels: readonly string[], mayCut: boolean): (text: string) => string | null {
  const known = new Set(labels);
  return (text) => {
    if (text === '') return '';
    const wanted = new Set(text.split(','));
    if (!mayCut) for (const label of wanted) if (!known.has(label)) return null;
    return labels.filter((label) => wanted.has(label)).join(',');
  };
}

const enumAt =
  (labels: readonly string[]) =>
  (number: bigint): string | null =>
    number >= 1n && number <= BigInt(labels.length) ? (labels[Number(number) - 1] ?? null) : null;

const setAt =
  (labels: readonly string[]) =>
  (bits: bigint): string | null =>
    bits < 0n || bits >> BigInt(labels.length) !== 0n
      ? null
      : labels.filter((_label, index) => (bits >> BigInt(index)) & 1n).join(',');
