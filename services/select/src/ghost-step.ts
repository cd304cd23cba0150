import { readGhostTable } from '@lutra/model';
import type { GhostStep, GhostTable, MappingMatcher } from '@lutra/model';
import type { NamedTable, ParsedStatement } from './parse-statement.ts';

type ParsedDdl = Extract<ParsedStatement, { kind: 'ddl' }>;

/** The part of a table in an online schema change of a mapped table; null = it has none. */
export function ghostPartOf({ schema, table }: NamedTable, matcher: MappingMatcher): GhostTable | null {
  const part = readGhostTable(table);
  if (part === null || matcher.targetsOf(schema, table).length > 0) return null;
  return matcher.targetsOf(schema, part.of).length > 0 ? part : null;
}

/**
 * The step of an online schema change that a statement is; null for its helpers and for everything else. A swap is one
 * RENAME of exactly two pairs, the table to a helper's name and its ghost to the table's; or of the second one alone, where
 * the table has been taken away before (pt-online-schema-change's drop_swap).
 */
export function readGhostStep({ ddlKind, tables }: ParsedDdl, matcher: MappingMatcher): GhostStep | null {
  const [first] = tables;
  if (first === undefined) return null;
  if (ddlKind === 'rename') return readSwap(tables, matcher);
  if (ddlKind === 'drop') return readEnd(tables, matcher);
  const part = ghostPartOf(first, matcher);
  if (part?.role !== 'ghost') return null;
  // Rows that go between the ghost and a table that is replicated are more than a step of the ghost.
  if (tables.slice(1).some(({ schema, table }) => matcher.targetsOf(schema, table).length > 0)) return null;
  const step = { ghost: first, of: { schema: first.schema, table: part.of } };
  if (ddlKind === 'create') return { step: 'begin', ...step };
  return ddlKind === 'alter' || ddlKind === 'index' ? { step: 'remember', ...step } : null;
}

/** A ghost that is dropped never takes its table's place; helpers may be dropped with it, and what no mapping takes. */
function readEnd(tables: readonly NamedTable[], matcher: MappingMatcher): GhostStep | null {
  const parts = tables.map((name) => ghostPartOf(name, matcher));
  const at = parts.findIndex((part) => part?.role === 'ghost');
  const [ghost, part] = [tables[at], parts[at]];
  if (ghost === undefined || !part) return null;
  if (tables.some(({ schema, table }) => matcher.targetsOf(schema, table).length > 0)) return null;
  return { step: 'forget', ghost, of: { schema: ghost.schema, table: part.of } };
}

function readSwap(tables: readonly NamedTable[], matcher: MappingMatcher): GhostStep | null {
  if (tables.length === 2) return readSecondHalf(tables, matcher);
  const [table, old, ghost, of, ...more] = tables;
  if (table === undefined || old === undefined || ghost === undefined || of === undefined || more.length > 0)
    return null;
  if (!isSame(table, of) || matcher.targetsOf(of.schema, of.table).length === 0) return null;
  const parts = [ghostPartOf(old, matcher), ghostPartOf(ghost, matcher)];
  const isOfIt = parts.every((part) => part?.of === of.table) && old.schema === of.schema && ghost.schema === of.schema;
  const isSwap = isOfIt && parts[0]?.role === 'helper' && parts[1]?.role === 'ghost';
  return isSwap ? { step: 'swap', ghost, of } : null;
}

function readSecondHalf([ghost, of]: readonly NamedTable[], matcher: MappingMatcher): GhostStep | null {
  if (ghost === undefined || of === undefined || ghost.schema !== of.schema) return null;
  const part = ghostPartOf(ghost, matcher);
  return part?.role === 'ghost' && part.of === of.table ? { step: 'swap', ghost, of } : null;
}

const isSame = (one: NamedTable, other: NamedTable): boolean =>
  one.schema === other.schema && one.table === other.table;
