import { SyncError } from '@lutra/model';

const ESCAPES = new Map([
  ['0', '\0'],
  ['n', '\n'],
  ['r', '\r'],
  ['Z', '\x1a'],
]);

/** Labels of `enum('a','b,c','it''s')` or `set(…)` as information_schema prints them. Labels may hold commas, quotes and brackets. */
export function parseLabels(columnType: string): string[] {
  const labels: string[] = [];
  const label = /'((?:[^'\\]|''|\\.)*)'(,|\)|$)/gsy;
  label.lastIndex = columnType.indexOf('(') + 1;
  for (let match = label.exec(columnType); match !== null; match = label.exec(columnType)) {
    labels.push((match[1] ?? '').replaceAll(/''|\\(.)/gs, (_pair, escaped?: string) => unescape(escaped)));
    if (match[2] !== ',') return labels;
  }
  const problem = `The column type ${columnType} cannot be read`;
  throw new SyncError('SOURCE_SCHEMA_MISMATCH', { problem });
}

function unescape(escaped: string | undefined): string {
  return escaped === undefined ? "'" : (ESCAPES.get(escaped) ?? escaped);
}
