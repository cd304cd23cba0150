import { readSourceTable } from '@lutra/binlog/schema';
import type { SourceSession } from '@lutra/binlog';
import { SyncError, whyNotGone } from '@lutra/model';
import type { Clock, MappingMatcher, PipelineDefinition, TableDefinition, TableName } from '@lutra/model';
import { copyRows, keyTexts, readKey } from '@lutra/source-access';
import type { Copied, RowKey, SourceAccess } from '@lutra/source-access';
import type { Wish } from './buffer-wishes.ts';
import { readFullName } from './full-name.ts';

/** In the rows that are copied, and where the API tells of what was rejected. */
export const BUFFER_JOB = 'retl_buffer';
/** Otter's own types of wishes. */
const TYPES: ReadonlySet<string> = new Set(['I', 'U', 'D']);
const PATTERN = 'A pattern over several tables does not say whose row is to be deleted';
const RETRY_MS = 500;
/** A pattern over more tables than this is a mistake. */
const TABLES_MAX = 1_000;

export interface Rejection {
  readonly wish: Wish;
  readonly reason: string;
}

export interface FreeGateParts {
  readonly access: Pick<SourceAccess, 'use'>;
  readonly clock: Clock;
  /** The newest revision of a pipeline: passwords and servers are changed under running epochs. */
  readonly newest: (pipelineId: string) => Promise<PipelineDefinition | null>;
  /** Tells people of every wish that is not fulfilled. */
  readonly answer: (pipelineId: string, rejection: Rejection) => Promise<void>;
}

/**
 * Fulfils what people have written into retl_buffer: the rows are copied into the log of the source as they stand now, behind
 * everything that is read at this moment. A wish never stops a pipeline: what cannot be done is answered. One that is read twice is
 * fulfilled twice, which is harmless.
 */
export class FreeGate {
  constructor(private readonly parts: FreeGateParts) {}

  /** Throws only when the signal aborts. */
  async send(
    definition: PipelineDefinition,
    { wishes, matcher, serverUuid }: { wishes: readonly Wish[]; matcher: MappingMatcher; serverUuid: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, access, newest } = this.parts;
    const work = new Wishes(definition, matcher, { clock, signal });
    const endMs = clock.monotonicMs() + definition.parameters.retryInPlaceMs;
    for (;;) {
      signal.throwIfAborted();
      try {
        const now = (await newest(definition.id))?.source;
        const source = now?.id === definition.source.id ? now : definition.source;
        await access.use(source, { serverUuid, signal }, (session) => work.fulfil(session, wishes));
        break;
      } catch (error) {
        signal.throwIfAborted();
        const failure = SyncError.of(error);
        const passes = failure.class === 'retryable' && clock.monotonicMs() < endMs;
        if (!passes) {
          work.rejectRest(wishes, failure.message);
          break;
        }
        await clock.sleep(RETRY_MS, signal);
      }
    }
    for (const rejection of work.rejected) await this.parts.answer(definition.id, rejection);
  }
}

/** The wishes of one process. */
class Wishes {
  readonly rejected: Rejection[] = [];
  /** Done, or answered: not to be looked at again. */
  private readonly settled = new Set<Wish>();

  constructor(
    private readonly definition: PipelineDefinition,
    private readonly matcher: MappingMatcher,
    private readonly how: { readonly clock: Clock; readonly signal: AbortSignal },
  ) {}

  async fulfil(session: SourceSession, wishes: readonly Wish[]): Promise<void> {
    for (const [name, same] of groupBy(
      wishes.filter((wish) => !this.settled.has(wish)),
      ({ fullName }) => fullName,
    )) {
      const tables = await this.tablesOf(session, name);
      if (typeof tables === 'string') this.rejectName(same, tables);
      else await this.fulfilAt(session, tables, same);
    }
  }

  rejectRest(wishes: readonly Wish[], reason: string): void {
    for (const wish of wishes) if (!this.settled.has(wish)) this.reject(wish, reason);
  }

  /** Another pipeline may know the name: one answer for all of them. */
  private rejectName(wishes: readonly Wish[], reason: string): void {
    const [first] = wishes;
    if (first === undefined) return;
    for (const wish of wishes) this.settled.add(wish);
    const more = wishes.length === 1 ? '' : ` (and of ${String(wishes.length - 1)} rows more)`;
    this.rejected.push({ wish: first, reason: `${reason}${more}` });
  }

  private reject(wish: Wish, reason: string): void {
    this.settled.add(wish);
    this.rejected.push({ wish, reason });
  }

  /** A string says why there are none. */
  private async tablesOf(session: SourceSession, fullName: string): Promise<readonly TableDefinition[] | string> {
    const name = readFullName(fullName);
    if (typeof name === 'string') return name;
    const isMapped = ({ schema, table }: TableName): boolean => this.matcher.targetsOf(schema, table).length > 0;
    const names = name.exact === null ? await allTables(session) : [name.exact];
    const wanted = names.filter((one) => name.covers(one) && isMapped(one));
    if (wanted.length === 0) return `No mapping of the pipeline covers ${fullName}`;
    if (wanted.length > TABLES_MAX) return `More than ${String(TABLES_MAX)} tables match ${fullName}`;
    const tables: TableDefinition[] = [];
    for (const one of wanted) {
      const table = await readSourceTable(session, one);
      if (table !== null && table.primaryKey.length > 0) tables.push(table);
    }
    return tables.length > 0 ? tables : `The source has no table ${fullName} with a primary key`;
  }

  private async fulfilAt(
    session: SourceSession,
    tables: readonly TableDefinition[],
    wishes: readonly Wish[],
  ): Promise<void> {
    /** By wish, where its key was found or is gone, or why not. */
    const reasons = new Map<Wish, string>();
    const done = new Set<Wish>();
    for (const table of tables)
      for (const isDelete of [false, true]) {
        const asked = new Map<string, { readonly key: RowKey; readonly wishes: Wish[] }>();
        for (const wish of wishes) {
          if (!TYPES.has(wish.type)) reasons.set(wish, `TYPE ${wish.type} is none of I, U and D`);
          else if ((wish.type === 'D') === isDelete) ask(asked, table, wish, reasons);
        }
        const copied = await this.copy(session, table, {
          keys: [...asked.values()].map(({ key }) => key),
          isDelete,
          isPattern: tables.length > 1,
        });
        const refused = new Map(copied.rejected.map(({ key, reason }) => [JSON.stringify(keyTexts(key)), reason]));
        for (const { key, wishes: same } of asked.values())
          for (const wish of same) {
            const reason = refused.get(JSON.stringify(keyTexts(key)));
            if (reason === undefined) done.add(wish);
            else reasons.set(wish, reason);
          }
      }
    for (const wish of wishes)
      if (done.has(wish)) this.settled.add(wish);
      else this.reject(wish, reasons.get(wish) ?? 'Nothing came of it');
  }

  /**
   * A key that no table of a pattern has is nobody's; that of one table is deleted at the target, unless vanished rows are left out
   * or nobody can tell which row stands for it there.
   */
  private copy(
    session: SourceSession,
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
    return copyRows(session, order, this.how);
  }
}

function ask(
  asked: Map<string, { readonly key: RowKey; readonly wishes: Wish[] }>,
  table: TableDefinition,
  wish: Wish,
  reasons: Map<Wish, string>,
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

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
