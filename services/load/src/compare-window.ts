import {
  compileMappings,
  compileMappingsInto,
  compileSelection,
  coversDone,
  keepsTablesApart,
  madeColumns,
  SyncError,
} from '@lutra/model';
import type { Clock, DonePlace, MappingDefinition, TableName } from '@lutra/model';
import { comparableColumns, readExecuted, readRowDigests } from '@lutra/sql';
import type { RowKey, TargetSession } from '@lutra/sql';

export interface ComparedSides {
  readonly source: TargetSession;
  readonly target: TargetSession;
  readonly mappings: readonly MappingDefinition[];
  /** What the target holds, as load last committed it. */
  readonly reached: () => DonePlace;
  readonly clock: Clock;
}

export interface ComparisonResult {
  readonly equal: number;
  /** Rows of tables that cannot be compared, and rows that changed all the time until the limit. */
  readonly uncompared: number;
}

const LIMIT_MS = 60_000;
const POLL_MS = 500;
/** A row has to differ so often in a row, without a change on either side, before it counts. */
const DIFFERENCES_MIN = 2;

interface Question {
  readonly key: RowKey;
  readonly source: { readonly schema: string; readonly table: string; readonly columns: readonly string[] };
  readonly target: { readonly columns: readonly string[] };
  readonly sourceKey: RowKey['key'];
}

/** A row that was not equal yet, with what both sides said last. */
interface Candidate {
  readonly question: Question;
  readonly source: string | null;
  readonly target: string | null;
  readonly differences: number;
}

/**
 * Compares the rows that were written last with the source's, which goes on changing. What it can promise: a round reads the
 * row at the source, then what the source has executed; waits until the target holds all of that; then reads the row at the
 * target, and at the source again. If the source says the same both times, the row has to be equal at the target, except
 * where it was changed and changed back in between: so only a row that differs twice in a row, with the same two contents,
 * is a difference. Rows that were changed meanwhile are asked again until the limit (60 s); after it they are not compared.
 * Columns count whose types are the same on both sides and printed alike (not JSON, floats).
 *
 * Resolves with counts, or throws TARGET_DIVERGED naming tables and numbers of rows. Other failures are thrown as they are.
 */
export async function compareWindow(
  sides: ComparedSides,
  rows: readonly RowKey[],
  signal: AbortSignal,
): Promise<ComparisonResult> {
  const { clock } = sides;
  const endMs = clock.monotonicMs() + LIMIT_MS;
  const questions = await questionsOf(sides, rows);
  let candidates: readonly Candidate[] = questions.map((question) => ({
    question,
    source: null,
    target: null,
    differences: -1,
  }));
  while (candidates.length > 0 && !signal.aborted) {
    const first = await digestsOf(sides.source, candidates, 'source');
    const executed = await readExecuted(sides.source);
    if (!(await waitUntilCovered(sides, executed, { endMs, signal }))) break;
    const found = await digestsOf(sides.target, candidates, 'target');
    const second = await digestsOf(sides.source, candidates, 'source');
    candidates = candidates.flatMap((candidate, index) => {
      const [before, at, after] = [first[index] ?? null, found[index] ?? null, second[index] ?? null];
      if (at === before || at === after) return [];
      const isSettled = before === after;
      const isSame = isSettled && candidate.source === after && candidate.target === at;
      const differences = isSettled ? (isSame ? candidate.differences + 1 : 1) : 0;
      return [{ ...candidate, source: after, target: at, differences }];
    });
    const wrong = candidates.filter(({ differences }) => differences >= DIFFERENCES_MIN);
    if (wrong.length > 0) throw diverged(sides, wrong);
  }
  const uncompared = rows.length - questions.length + candidates.length;
  return { equal: rows.length - uncompared, uncompared };
}

/** The same key and columns by the names of both sides; rows of tables whose source is not clear are left out. */
async function questionsOf({ source, target, mappings }: ComparedSides, rows: readonly RowKey[]): Promise<Question[]> {
  const questions: Question[] = [];
  const known = new Map<
    string,
    (Omit<Question, 'key' | 'sourceKey'> & { readonly keyNames: ReadonlyMap<string, string> }) | null
  >();
  for (const key of rows) {
    const id = JSON.stringify([key.schema, key.table]);
    let shape = known.get(id);
    if (shape === undefined) known.set(id, (shape = await shapeOf({ source, target, mappings }, key)));
    const sourceKey = key.key.flatMap(([column, literal]) => {
      const name = shape?.keyNames.get(column.toLowerCase());
      return name === undefined ? [] : [[name, literal] as const];
    });
    if (shape === null || sourceKey.length !== key.key.length) continue;
    questions.push({ key, source: shape.source, target: shape.target, sourceKey });
  }
  return questions;
}

async function shapeOf(
  { source, target, mappings }: Pick<ComparedSides, 'source' | 'target' | 'mappings'>,
  { schema, table }: RowKey,
): Promise<(Omit<Question, 'key' | 'sourceKey'> & { readonly keyNames: ReadonlyMap<string, string> }) | null> {
  const origin = originOf(mappings, { schema, table });
  if (origin === null) return null;
  const [there, here] = [await source.describeTable(origin.table), await target.describeTable({ schema, table })];
  await Promise.all([source.rollback(), target.rollback()]);
  if (there === null || here === null) return null;
  const pairs = comparableColumns(there, here, copiedColumns(origin.mapping));
  if (pairs.length === 0) return null;
  return {
    source: { ...origin.table, columns: pairs.map((pair) => pair.source) },
    target: { columns: pairs.map((pair) => pair.target) },
    keyNames: new Map(pairs.map((pair) => [pair.target.toLowerCase(), pair.source])),
  };
}

/** The only table that rows of a target table come from, where that can be told by its name. */
function originOf(
  mappings: readonly MappingDefinition[],
  { schema, table }: TableName,
): { readonly mapping: MappingDefinition; readonly table: TableName } | null {
  const [mapping, ...others] = compileMappingsInto(mappings)(schema, table);
  if (mapping === undefined || others.length > 0 || !keepsTablesApart(mapping) || !isRowForRow(mapping)) return null;
  const { source } = mapping;
  const name = {
    schema: typeof source.schema === 'string' ? source.schema : schema,
    table: 'exact' in source.table ? source.table.exact : table,
  };
  const isOrigin = compileMappings([mapping])
    .targetsOf(name.schema, name.table)
    .some(({ targetSchema, targetTable }) => targetSchema === schema && targetTable === table);
  return isOrigin ? { mapping, table: name } : null;
}

/** Whether each row of the source stands at the target as one row, and no other does. */
const isRowForRow = ({ rules = {} }: MappingDefinition): boolean =>
  [rules.rows, rules.route, rules.script, rules.processors, rules.aggregate].every((rule) => rule === undefined);

/** The name that a source column has at the target, null when no column there holds just its value. */
function copiedColumns({ columns, rules }: MappingDefinition): (source: string) => string | null {
  const nameOf = compileSelection(columns);
  const made = madeColumns(rules);
  return (source) => {
    const name = nameOf(source);
    return name === null || made.has(name.toLowerCase()) ? null : name;
  };
}

/** One digest per candidate, in order; asked table by table. */
async function digestsOf(
  session: TargetSession,
  candidates: readonly Candidate[],
  side: 'source' | 'target',
): Promise<readonly (string | null)[]> {
  const digests: (string | null)[] = candidates.map(() => null);
  const byTable = new Map<string, number[]>();
  for (const [index, { question }] of candidates.entries()) {
    const id = JSON.stringify([question.key.schema, question.key.table]);
    byTable.set(id, [...(byTable.get(id) ?? []), index]);
  }
  for (const indexes of byTable.values()) {
    const questions = indexes.flatMap((index) => candidates[index]?.question ?? []);
    const [first] = questions;
    if (first === undefined) continue;
    const { schema, table } = side === 'source' ? first.source : first.key;
    const { columns } = first[side];
    const keys = questions.map(({ key, sourceKey }) => (side === 'source' ? sourceKey : key.key));
    const found = await readRowDigests(session, { schema, table, columns, keys });
    for (const [at, index] of indexes.entries()) digests[index] = found[at] ?? null;
  }
  return digests;
}

async function waitUntilCovered(
  { reached, clock }: ComparedSides,
  executed: DonePlace,
  { endMs, signal }: { readonly endMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  while (!coversDone(reached(), executed)) {
    if (signal.aborted || clock.monotonicMs() > endMs) return false;
    await clock.sleep(POLL_MS, signal);
  }
  return !signal.aborted && clock.monotonicMs() <= endMs;
}

function diverged({ target }: ComparedSides, wrong: readonly Candidate[]): SyncError {
  const counts = new Map<string, number>();
  for (const { question } of wrong) {
    const name = `${question.key.schema}.${question.key.table}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const tables = [...counts].map(([name, count]) => `${name} (${String(count)})`).join(', ');
  const problem = `Rows that were written last are not at ${target.info.address} as they are at the source: ${tables}`;
  return new SyncError('TARGET_DIVERGED', { table: tables, count: wrong.length, problem });
}
