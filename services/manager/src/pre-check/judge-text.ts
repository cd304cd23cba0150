import type { ColumnDefinition } from '@lutra/model';
import type { TargetColumn } from '@lutra/sql';
import type { Finding } from './finding.ts';
import { atTarget } from './finding.ts';
import type { FittedTable } from './judge-columns.ts';
import { modifyStatement } from './modify-column.ts';

/** Character sets that hold all of Unicode. */
const WHOLE = new Set(['utf8mb4', 'utf16', 'utf16le', 'utf32']);
/** All of Unicode but what MySQL's three bytes leave out. */
const BASIC = new Set(['utf8mb3', 'utf8', 'ucs2']);
const EVERYTHING_ELSE = 1;
const RANKS: Readonly<Record<string, number>> = {
  ascii: 0,
  utf8mb3: 2,
  utf8: 2,
  ucs2: 2,
  utf8mb4: 3,
  utf16: 3,
  utf16le: 3,
  utf32: 3,
};

/** Whether the target holds every character of the source's column, and in unique keys whether it takes the same texts for equal. */
export function judgeText(fitted: FittedTable, column: ColumnDefinition, found: TargetColumn): Finding[] {
  if (column.charset === undefined || found.charset === null || found.collation === null) return [];
  const isHeld = holdsCharacters(column.charset, found.charset);
  return [...(isHeld ? [] : [narrowerCharset(fitted, column, found)]), ...judgeFolding(fitted, column, found)];
}

/** Sets of one alphabet hold no other's letters, and differ among each other. */
export function holdsCharacters(source: string, target: string): boolean {
  if (source === target || WHOLE.has(target)) return true;
  if (source === 'ascii') return target !== 'swe7';
  if (BASIC.has(target)) return !WHOLE.has(source) && source !== 'gb18030';
  return (RANKS[source] ?? EVERYTHING_ELSE) === 0;
}

function narrowerCharset({ table, server }: FittedTable, column: ColumnDefinition, found: TargetColumn): Finding {
  const charset = column.charset === 'utf8' ? 'utf8mb3' : (column.charset ?? 'utf8mb4');
  const { collation } = column;
  const known = collation !== undefined && server.collations.has(collation) ? { collation } : {};
  return {
    code: 'CHARSET_NARROWER',
    severity: 'warning',
    subject: { place: 'target', schema: table.schema, table: table.table, column: found.name },
    explanation: `${found.charset ?? ''} at the target does not hold every character of ${charset} at the source: a row with one that it does not hold is refused`,
    statements: atTarget(modifyStatement(table, found, { charset, ...known })),
  };
}

/** Only what is unique has to be told apart. */
function judgeFolding({ table, server }: FittedTable, column: ColumnDefinition, found: TargetColumn): Finding[] {
  const keys = table.uniqueKeys.filter(({ columns }) => columns.includes(found.name.toLowerCase()));
  const { collation = '' } = column;
  const ours = found.collation ?? '';
  if (keys.length === 0 || collation === '' || tellsApart(collation, ours)) return [];
  const charset = found.charset ?? 'utf8mb4';
  const isTaken = server.collations.has(collation) && collation.startsWith(`${charset}_`);
  const next = isTaken ? collation : exactCollation(charset, server.collations);
  const explanation =
    `${keys.map(({ name }) => name).join(', ')} compares this column by ${ours} at the target and by ${collation} at the source: texts that differ at the ` +
    'source may be equal at the target, and the second row is then refused or taken for the first';
  return [
    {
      ...{ code: 'COLLATION_DIFFERS', severity: 'warning', explanation },
      subject: { place: 'target', schema: table.schema, table: table.table, column: found.name },
      statements: atTarget(modifyStatement(table, found, { collation: next })),
    },
  ];
}

/** Without padding, where there is such a one: with it 'a' equals 'a '. */
const exactCollation = (charset: string, known: ReadonlySet<string>): string =>
  [`${charset}_0900_bin`, `${charset}_nopad_bin`].find((name) => known.has(name)) ?? `${charset}_bin`;

/** Whether everything that differs under the source's collation differs under the target's. */
export function tellsApart(source: string, target: string): boolean {
  // One collation under two names of one set.
  if (plainName(source) === plainName(target)) return true;
  if (!target.endsWith('_bin')) return false;
  return !doesNotPad(source) || doesNotPad(target);
}

const plainName = (collation: string): string => collation.replace(/^utf8(mb3)?_/, 'utf8mb3_');

/** Blanks at the end count. */
const doesNotPad = (collation: string): boolean => /_0900_|_nopad_|_uca1400_nopad/.test(collation);
