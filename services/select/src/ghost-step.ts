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
 * RENAME of exactly two pairs: the table to a helper's name, and its ghost to the table's.
 */
export function readGhostStep({ ddlKind, tables }: ParsedDdl, matcher: MappingMatcher): GhostStep | null {
  const [first] = tables;
  if (first === undefined) return null;
  if (ddlKind === 'rename') return readSwap(tables, matcher);
  const part = ghostPartOf(first, matcher);
  if (part?.role !== 'ghost') return null;
  const step = { ghost: first, of: { schema: first.schema, table: part.of } };
  if (ddlKind === 'create') return { step: 'begin', ...step };
  return ddlKind === 'alter' || ddlKind === 'index' ? { step: 'remember', ...step } : null;
}

function readSwap(tables: readonly NamedTable[], matcher: MappingMatcher): GhostStep | null {
  const [table, old, ghost, of, ...more] = tables;
  if (table === undefined || old === undefined || ghost === undefined || of === undefined || more.length > 0)
    return null;
  if (!isSame(table, of) || matcher.targetsOf(of.schema, of.table).length === 0) return null;
  const parts = [ghostPartOf(old, matcher), ghostPartOf(ghost, matcher)];
  const isOfIt = parts.every((part) => part?.of === of.table) && old.schema === of.schema && ghost.schema === of.schema;
  const isSwap = isOfIt && parts[0]?.role === 'helper' && parts[1]?.role === 'ghost';
  return isSwap ? { step: 'swap', ghost, of } : null;
}

const isSame = (one: NamedTable, other: NamedTable): boolean =>
  one.schema === other.schema && one.table === other.table;
