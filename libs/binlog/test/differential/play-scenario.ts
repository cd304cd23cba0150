import type { Connection } from 'mysql2/promise';
import type { DecodedEvent } from '@lutra/binlog/decoder';
import type { ColumnValue, RowImage } from '@lutra/model';
import { canonicalJson } from '@lutra/testing';
import type { LoggedChanges } from '../decoder/logged-changes.ts';
import { quotedName } from './scenario.ts';
import type { CorpusColumn, Scenario, Step } from './scenario.ts';

/** What the decoder said about one statement, with the columns as they were then. */
export interface PlayedStep {
  readonly statement: string;
  readonly columns: readonly CorpusColumn[];
  readonly events: readonly DecodedEvent[];
}

/** What a column is added with wherever the server can: the rows that are there get it when they are read. */
export const INSTANT = ', ALGORITHM=INSTANT';
/** 'ALGORITHM=INSTANT is not supported', and the same with a reason. */
const NOT_SUPPORTED = [1845, 1846];

type Row = Map<string, ColumnValue>;

const ID: CorpusColumn = {
  name: 'id',
  type: { declared: 'int', values: undefined as never, select: (name) => `CAST(${name} AS CHAR)`, read: Number },
  isNullable: false,
  defaultValue: null,
  generated: null,
  definition: 'id INT NOT NULL',
};

/**
 * Runs a scenario and proves after each statement that the decoded events lead from the table as it was to the table as
 * SELECT shows it: before images show the old rows, after images make the new ones. Returns what was decoded.
 */
export async function playScenario(log: LoggedChanges, table: string, scenario: Scenario): Promise<PlayedStep[]> {
  const { connection } = log;
  let columns: readonly CorpusColumn[] = [ID, ...scenario.columns];
  const definitions = [
    ...columns.map(({ definition }) => definition),
    ...(scenario.key === null ? [] : [scenario.key]),
  ];
  await connection.query(`SET SESSION binlog_row_image = '${scenario.image}'`);
  await connection.query(`CREATE TABLE ${table} (${definitions.join(', ')}) CHARACTER SET utf8mb4`);
  const played: PlayedStep[] = [];
  let rows = new Map<number, Row>();
  let lastId = 0;
  for (const step of scenario.steps) {
    const plain = statementOf(step, table, () => (lastId += 1));
    const statement = step.kind === 'add' && (await isDoneAtOnce(log, plain)) ? plain + INSTANT : plain;
    const events = await log.changes(statement === plain ? [plain] : []);
    if (step.kind === 'add') columns = step.isFirst ? [step.column, ...columns] : [...columns, step.column];
    const now = await selectRows(connection, table, columns);
    try {
      const expected = step.kind === 'add' ? now : applied(rows, events, { columns, now });
      same(expected, now, columns);
    } catch (error) {
      throw new Error(`${statement}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    rows = now;
    played.push({ statement, columns, events });
  }
  return played;
}

async function isDoneAtOnce({ connection }: LoggedChanges, statement: string): Promise<boolean> {
  try {
    await connection.query(statement + INSTANT);
    return true;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && NOT_SUPPORTED.includes(Number(error.errno))) return false;
    throw error;
  }
}

const creationOf = (table: string, { columns, image, key }: Scenario): string[] => {
  const definitions = [ID, ...columns].map(({ definition }) => definition);
  return [
    `SET SESSION binlog_row_image = '${image}'`,
    `CREATE TABLE ${table} (${[...definitions, ...(key === null ? [] : [key])].join(', ')}) CHARACTER SET utf8mb4`,
  ];
};

/** The scenario as a person would type it, to repeat a failure. */
export function describeScenario(scenario: Scenario): string {
  let lastId = 0;
  const statements = scenario.steps.map((step) => statementOf(step, 't', () => (lastId += 1)));
  return [...creationOf('t', scenario), ...statements].map((statement) => `${statement};`).join('\n');
}

function statementOf(step: Step, table: string, nextId: () => number): string {
  switch (step.kind) {
    case 'insert': {
      const names = [...new Set(step.rows.flatMap((row) => Object.keys(row)))];
      const rows = step.rows.map(
        (row) => `(${[String(nextId()), ...names.map((name) => row[name] ?? 'DEFAULT')].join(', ')})`,
      );
      return `INSERT IGNORE INTO ${table} (${['id', ...names.map(quotedName)].join(', ')}) VALUES ${rows.join(', ')}`;
    }
    case 'update': {
      const set = Object.entries(step.set).map(([name, value]) => `${quotedName(name)} = ${value}`);
      return `UPDATE IGNORE ${table} SET ${set.join(', ')} WHERE MOD(id, ${String(step.modulus)}) = ${String(step.remainder)}`;
    }
    case 'delete':
      return `DELETE FROM ${table} WHERE MOD(id, ${String(step.modulus)}) = ${String(step.remainder)}`;
    case 'add':
      return `ALTER TABLE ${table} ADD COLUMN ${step.column.definition}${step.isFirst ? ' FIRST' : ''}`;
  }
}

async function selectRows(
  connection: Connection,
  table: string,
  columns: readonly CorpusColumn[],
): Promise<Map<number, Row>> {
  const select = columns.map(({ name, type }) => type.select(quotedName(name))).join(', ');
  // Over the binary protocol: the servers print some doubles with a last digit that is off by one.
  const [answers] = await connection.execute({ sql: `SELECT id, ${select} FROM ${table}`, rowsAsArray: true });
  return new Map(
    (answers as unknown as (string | number | null)[][]).map(([id, ...values]) => [
      Number(id),
      new Map(columns.map(({ name, type }, index) => [name, readAnswer(type.read, values[index])])),
    ]),
  );
}

const readAnswer = (read: (answer: string) => ColumnValue, answer: string | number | null | undefined): ColumnValue =>
  answer === null || answer === undefined ? null : read(String(answer));

/** The rows after the events. What an image leaves out is taken from the row before, or for a new row from `now`. */
function applied(
  rows: ReadonlyMap<number, Row>,
  events: readonly DecodedEvent[],
  { columns, now }: { readonly columns: readonly CorpusColumn[]; readonly now: ReadonlyMap<number, Row> },
): Map<number, Row> {
  const next = new Map(rows);
  for (const event of events) {
    const names = event.table.columns.map(({ name }) => name);
    if (names.join() !== columns.map(({ name }) => name).join()) throw new Error(`columns ${names.join()}`);
    for (const { before, after } of event.rows) {
      const id = Number((before ?? after)?.[names.indexOf('id')]);
      const old = next.get(id);
      if (before !== undefined) {
        if (old === undefined) throw new Error(`before image of row ${String(id)}, which is not there`);
        compareRow(imageOver(before, { columns, rest: old }), old, columns);
      }
      const rest = old ?? now.get(id);
      if (after === undefined) next.delete(id);
      else if (rest === undefined) throw new Error(`after image of row ${String(id)}, which SELECT does not show`);
      else next.set(id, imageOver(after, { columns, rest: withGenerated(rest, now.get(id), columns) }));
    }
  }
  return next;
}

/** A partial image may leave out what the server computes. */
const withGenerated = (row: Row, now: Row | undefined, columns: readonly CorpusColumn[]): Row =>
  new Map(columns.map(({ name, generated }) => [name, (generated === null ? row : (now ?? row)).get(name) ?? null]));

function imageOver(
  image: RowImage,
  { columns, rest }: { readonly columns: readonly CorpusColumn[]; readonly rest: Row },
): Row {
  return new Map(
    columns.map(({ name }, index) => [
      name,
      image[index] === undefined ? (rest.get(name) ?? null) : (image[index] ?? null),
    ]),
  );
}

function same(
  expected: ReadonlyMap<number, Row>,
  now: ReadonlyMap<number, Row>,
  columns: readonly CorpusColumn[],
): void {
  const ids = (rows: ReadonlyMap<number, Row>): string => [...rows.keys()].sort((one, other) => one - other).join();
  if (ids(expected) !== ids(now)) throw new Error(`rows ${ids(expected)} by the log, ${ids(now)} by SELECT`);
  for (const [id, row] of expected) compareRow(row, now.get(id) ?? new Map<string, ColumnValue>(), columns);
}

function compareRow(decoded: Row, selected: Row, columns: readonly CorpusColumn[]): void {
  for (const { name, type } of columns) {
    const [ours, theirs] = [decoded.get(name), selected.get(name)];
    if (sameValue(ours, theirs, type.declared)) continue;
    throw new Error(`column ${name} ${type.declared.slice(0, 200)}: decoded ${show(ours)}, selected ${show(theirs)}`);
  }
}

/** Bytes by bytes, doubles by bits; JSON in whatever spelling. */
function sameValue(ours: ColumnValue | undefined, theirs: ColumnValue | undefined, declared: string): boolean {
  if (ours instanceof Uint8Array && theirs instanceof Uint8Array) return Buffer.compare(ours, theirs) === 0;
  if (declared === 'json' && typeof ours === 'string' && typeof theirs === 'string') {
    return ours === theirs || canonicalJson(ours) === canonicalJson(theirs);
  }
  return Object.is(ours, theirs);
}

export function show(value: ColumnValue | undefined): string {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  return typeof value === 'bigint' ? `${String(value)}n` : (JSON.stringify(value) ?? 'undefined');
}
