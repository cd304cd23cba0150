import { readSourceTable } from '@lutra/binlog/schema';
import type { SourceSession } from '@lutra/binlog';
import { must, SyncError, whyNotGone } from '@lutra/model';
import type { Clock, PipelineDefinition, ResyncWish, TableDefinition, TableName } from '@lutra/model';
import { copyRows, errnoOf, GONE, isPassing, keyTexts, readKey, withGrant } from '@lutra/source-access';
import type { Copied, RowKey } from '@lutra/source-access';
import { quoteTable } from '@lutra/sql';
import { matchAtSource } from '../positions/match-at-source.ts';
import { readFullName } from './full-name.ts';

/** In the rows that are copied. */
const BUFFER_JOB = 'retl_buffer';
/** Otter's own types of wishes. */
const TYPES: ReadonlySet<string> = new Set(['I', 'U', 'D']);
const PATTERN = 'A pattern over several tables does not say whose row is to be deleted';
/** A pattern over more tables than this is a mistake. */
const TABLES_MAX = 1_000;

export interface WishRejection {
  readonly wish: ResyncWish;
  readonly reason: string;
}

export interface FulfilledWishes extends Pick<Copied, 'rows' | 'gone'> {
  /** How many of the first wishes are done or rejected. */
  readonly taken: number;
  /** How many keys were looked for. */
  readonly keys: number;
  readonly rejected: readonly WishRejection[];
}

export interface WishesWanted {
  readonly definition: PipelineDefinition;
  /** In the order of their names; not none. */
  readonly wishes: readonly ResyncWish[];
  readonly countMax: number;
}

/**
 * Fulfils the first wishes, of one name: the rows are copied into the log of the source as they stand now. A wish that cannot be
 * fulfilled is rejected; to fulfil one twice is harmless. Throws what has to pass first, or to be mended: then they wait.
 */
export async function fulfilWishes(
  session: SourceSession,
  { definition, wishes, countMax }: WishesWanted,
  how: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<FulfilledWishes> {
  const { fullName } = must(wishes[0], 'there are some');
  const others = wishes.findIndex((wish) => wish.fullName !== fullName);
  const same = others === -1 ? wishes : wishes.slice(0, others);
  const tables = await tablesOf(session, definition, fullName);
  if (typeof tables === 'string') return rejectedName(same, tables);
  // Each is looked for in all of the tables.
  const taken = same.slice(0, Math.max(1, Math.floor(countMax / tables.length)));
  const work = new Portion(session, definition, how);
  try {
    await work.fulfil(tables, taken);
  } catch (error) {
    const failure = SyncError.of(error);
    if (failure.class !== 'internal' || isPassing(failure)) throw error;
    // What nobody expects of these rows must not be in the way of all that come after them.
    work.rejected = taken.map((wish) => ({ wish, reason: failure.message }));
  }
  return {
    taken: taken.length,
    keys: taken.length * tables.length,
    rows: work.rows,
    gone: work.gone,
    rejected: work.rejected,
  };
}

/** Another pipeline may know the name: one answer for all of them. */
function rejectedName(wishes: readonly ResyncWish[], reason: string): FulfilledWishes {
  const wish = must(wishes[0], 'there are some');
  const more = wishes.length === 1 ? '' : ` (and of ${String(wishes.length - 1)} rows more)`;
  return {
    taken: wishes.length,
    keys: 0,
    rows: 0,
    gone: 0,
    rejected: [{ wish, reason: `${wish.problem ?? reason}${more}` }],
  };
}

/** A string says why there are none. */
async function tablesOf(
  session: SourceSession,
  { mappings }: PipelineDefinition,
  fullName: string,
): Promise<readonly TableDefinition[] | string> {
  const name = readFullName(fullName);
  if (typeof name === 'string') return name;
  const matcher = await matchAtSource(session, mappings);
  const isMapped = ({ schema, table }: TableName): boolean => matcher.targetsOf(schema, table).length > 0;
  const names = name.exact === null ? await allTables(session) : [name.exact];
  const wanted = names.filter((one) => name.covers(one) && isMapped(one));
  if (wanted.length === 0) return `No mapping of the pipeline covers ${fullName}`;
  if (wanted.length > TABLES_MAX) return `More than ${String(TABLES_MAX)} tables match ${fullName}`;
  const tables: TableDefinition[] = [];
  for (const one of wanted) {
    const table = await readSourceTable(session, one);
    if (table === null && name.exact !== null) await requireReadable(session, one);
    if (table !== null && table.primaryKey.length > 0) tables.push(table);
  }
  return tables.length > 0 ? tables : `The source has no table ${fullName} with a primary key`;
}

/** A table that the account may not see looks as if it were not there. Throws SOURCE_GRANT_MISSING and what the connection throws. */
async function requireReadable(session: SourceSession, table: TableName): Promise<void> {
  try {
    await session.query(`SELECT 1 FROM ${quoteTable(table)} LIMIT 0`);
  } catch (error) {
    if (!GONE.has(errnoOf(error))) throw withGrant(error, session, table);
  }
}

/** Some wishes of one name. */
class Portion {
  rows = 0;
  gone = 0;
  rejected: WishRejection[] = [];

  constructor(
    private readonly session: SourceSession,
    private readonly definition: PipelineDefinition,
    private readonly how: { readonly clock: Clock; readonly signal: AbortSignal },
  ) {}

  async fulfil(tables: readonly TableDefinition[], wishes: readonly ResyncWish[]): Promise<void> {
    /** By wish, where its key was found or is gone, or why not. */
    const reasons = new Map<ResyncWish, string>();
    const done = new Set<ResyncWish>();
    for (const table of tables)
      for (const isDelete of [false, true]) {
        const asked = new Map<string, Asked>();
        for (const wish of wishes) {
          if (wish.problem !== undefined) reasons.set(wish, wish.problem);
          else if (!TYPES.has(wish.type)) reasons.set(wish, `TYPE ${wish.type} is none of I, U and D`);
          else if ((wish.type === 'D') === isDelete) ask(asked, table, wish, reasons);
        }
        const keys = [...asked.values()].map(({ key }) => key);
        const copied = await this.copy(table, { keys, isDelete, isPattern: tables.length > 1 });
        this.rows += copied.rows;
        this.gone += copied.gone;
        const refused = new Map(copied.rejected.map(({ key, reason }) => [JSON.stringify(keyTexts(key)), reason]));
        for (const [text, { wishes: same }] of asked)
          for (const wish of same) {
            const reason = refused.get(text);
            if (reason === undefined) done.add(wish);
            else reasons.set(wish, reason);
          }
      }
    for (const wish of wishes)
      if (!done.has(wish)) this.rejected.push({ wish, reason: reasons.get(wish) ?? 'Nothing came of it' });
  }

  /**
   * A key that no table of a pattern has is nobody's; that of one table is deleted at the target, unless vanished rows are left out
   * or nobody can tell which row stands for it there.
   */
  private copy(
    table: TableDefinition,
    {
      keys,
      isDelete,
      isPattern,
    }: { readonly keys: readonly RowKey[]; readonly isDelete: boolean; readonly isPattern: boolean },
  ): Promise<Copied> {
    const { id: pipelineId, mappings, parameters } = this.definition;
    if (keys.length === 0) return Promise.resolve({ rows: 0, gone: 0, rejected: [] });
    const reason = isPattern ? PATTERN : whyNotGone(mappings, table);
    if (isDelete && reason !== null)
      return Promise.resolve({ rows: 0, gone: 0, rejected: keys.map((key) => ({ key, reason })) });
    const sends = isDelete ? 'gone' : reason !== null || parameters.skipNoRow ? 'rows' : 'all';
    const order = { pipelineId, job: BUFFER_JOB, table, keys, sends, whyNotGone: isPattern ? null : reason } as const;
    return copyRows(this.session, order, this.how);
  }
}

interface Asked {
  readonly key: RowKey;
  readonly wishes: ResyncWish[];
}

function ask(
  asked: Map<string, Asked>,
  table: TableDefinition,
  wish: ResyncWish,
  reasons: Map<ResyncWish, string>,
): void {
  const key = readKey(table, wish.key);
  if (typeof key === 'string') {
    reasons.set(wish, key);
    return;
  }
  const text = JSON.stringify(keyTexts(key));
  const known = asked.get(text);
  if (known === undefined) asked.set(text, { key, wishes: [wish] });
  else known.wishes.push(wish);
}

async function allTables(session: SourceSession): Promise<readonly TableName[]> {
  const rows = await session.query(
    "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE'",
  );
  return rows.map((row) => ({ schema: String(row['s']), table: String(row['t']) }));
}
