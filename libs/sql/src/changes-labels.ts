import type { ColumnDefinition } from '@lutra/model';
import type { TargetColumn } from './target-table.ts';

/** A whole number as the server prints it. */
const INTEGER = /^(?:0|-?[1-9]\d*)$/;
/** May be read as a number, in part or whole. */
const NUMERIC = /^\s*[-+.]*\d/;
const INTEGER_TYPES = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal']);
const ACCENTS = /\p{M}/gu;

/** Whether a label of the ENUM or SET at the source is found by its text at the target, at least most are: see {@link changedLabels}. */
export function keepsLabels({ kind, labels }: ColumnDefinition, { dataType }: TargetColumn): boolean {
  if (dataType === 'enum' ? kind === 'enum' : dataType === 'set') return true;
  return kind === 'enum' && labels !== undefined && INTEGER_TYPES.has(dataType);
}

/**
 * The labels of the ENUM or SET at the source that may become another value at the target. There a label is looked up by
 * collation, so 'a' finds 'A'; digits that are no label count as a label's number. A label that resembles none is refused.
 */
export function changedLabels(
  { labels = [] }: ColumnDefinition,
  { dataType, columnType }: TargetColumn,
): ReadonlySet<string> {
  if (dataType === 'enum' || dataType === 'set') {
    const own = labelsOf(columnType);
    // Without its labels a row cannot be read at all.
    if (own === null) return new Set();
    const [exact, alike] = [new Set(own), new Set(own.map(folded))];
    const isOther = (label: string): boolean => NUMERIC.test(label) || label.includes(',') || alike.has(folded(label));
    return new Set(labels.filter((label) => !exact.has(label) && isOther(label)));
  }
  if (!INTEGER_TYPES.has(dataType)) return new Set();
  return new Set(labels.filter((label) => NUMERIC.test(label) && !INTEGER.test(label)));
}

/** As far as any collation goes: what is not ASCII resembles everything. */
const folded = (label: string): string =>
  label
    .normalize('NFKD')
    .replaceAll(ACCENTS, '')
    .toLowerCase()
    .trim()
    .replaceAll(/[^\x21-\x7e]/g, '');

/** Of "enum('a','it''s')"; null when they cannot be read, as with a backslash. */
export function labelsOf(columnType: string): readonly string[] | null {
  if (columnType.includes('\\')) return null;
  const labels = Array.from(columnType.matchAll(/'((?:[^']|'')*)'/g), ([, label = '']) => label.replaceAll("''", "'"));
  return labels.length === 0 ? null : labels;
}
