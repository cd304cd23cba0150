import { readSourceTable } from '@lutra/binlog/schema';
import type { SourceSession } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import type { Clock, ColumnValue, RowImage, TableDefinition } from '@lutra/model';
import { quoteTable } from '@lutra/sql';
import { keyText } from '../key-text.ts';
import { imageOf, readable } from '../raw-value.ts';
import { isPassing } from '../patient-access.ts';
import { conditionOf, sizesOf } from '../read-by-key.ts';
import { errnoOf } from '../source-errno.ts';
import { encodeCopied } from './copied-rows.ts';
import type { RowKey } from './copied-rows.ts';
import { COPY_TABLE, copyFailure, ensureCopyTable } from './copy-table.ts';

export interface CopyOrder {
  readonly pipelineId: string;
  readonly job: string;
  /** As the source describes it now. */
  readonly table: TableDefinition;
  readonly keys: readonly RowKey[];
  /** rows: keys without a row are rejected; gone: those with a row are. Default: all are sent. */
  readonly sends?: 'all' | 'rows' | 'gone';
  /** What is said of keys without a row that are rejected. */
  readonly whyNotGone?: string | null;
}

export interface Copied {
  /** Rows whose images were written. */
  readonly rows: number;
  /** Keys without a row. */
  readonly gone: number;
  readonly rejected: readonly RejectedKey[];
}

export interface RejectedKey {
  readonly key: RowKey;
  readonly reason: string;
}

/** Rows that are locked together, for as long as it takes to read them and to write their images. */
const ROWS_MAX = 100;
const BYTES_MAX = 4 * 1024 * 1024;
/** What a packet holds beside the body. */
const PACKET_BYTES = 4_096;
const TRIES_MAX = 3;
const WAIT_MS = 5;
/** Of a single row: then whoever holds it is not about to let it go. */
const SINGLE_TRIES_MAX = 2;
/** Lock wait, deadlock, NOWAIT. */
const BUSY: ReadonlySet<number> = new Set([1205, 1213, 3572]);
const SYNTAX_ERROR = 1064;

/**
 * Writes rows as they stand into the log of their source. Invariant: the images stand in the log behind every change that they
 * show, and before every change that they do not show. So whoever applies the log in its order never puts an older row over a
 * newer one, at whatever speed others write.
 *
 * It holds because one transaction locks the rows against changes (the gaps of keys without a row as well), reads them, writes
 * the images into a table of its own and commits: who changed them before has been logged before its locks were let go; who
 * changes them later gets its lock after this transaction has been logged.
 *
 * It never waits for a lock while it holds one, so that no client of the source loses a transaction in a deadlock to it: where a
 * row is busy, all locks are let go, and after some tries it is left to wait for that row alone.
 *
 * Throws SOURCE_RESYNC_UNAVAILABLE, what the connection throws, and SOURCE_SCHEMA_MISMATCH when the table is altered again and
 * again or its key is another one by now; what was copied before stays copied, and to do so twice is harmless.
 */
export async function copyRows(
  session: SourceSession,
  order: CopyOrder,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Copied> {
  const copier = new Copier(session, order, clock, signal);
  try {
    await copier.prepare();
    for (const keys of await copier.portions()) await copier.copy(keys);
  } catch (error) {
    throw copyFailure(error, session);
  }
  return copier;
}

class Copier implements Copied {
  rows = 0;
  gone = 0;
  readonly rejected: RejectedKey[] = [];
  private table: TableDefinition;
  private bodyBytesMax = 0;
  /** MySQL 5.7 knows no NOWAIT: there each row is copied alone. */
  private knowsNowait = true;

  constructor(
    private readonly session: SourceSession,
    private readonly order: CopyOrder,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {
    this.table = order.table;
  }

  async prepare(): Promise<void> {
    await ensureCopyTable(this.session);
    this.bodyBytesMax = Number(await this.session.queryText('SELECT @@max_allowed_packet')) - PACKET_BYTES;
    try {
      // The images stand in the log once, not again when they are deleted. Not every account may say so.
      await this.session.query("SET SESSION binlog_row_image = 'MINIMAL'");
    } catch (error) {
      if (errnoOf(error) === 0) throw error;
    }
  }

  /** As many keys together as may be; their rows are measured before they are locked. */
  async portions(): Promise<readonly (readonly RowKey[])[]> {
    const { table } = this;
    const images = new Map<string, RowImage>();
    for (const key of this.order.keys) {
      const image = imageOfKey(table, key);
      images.set(keyText(table, image) ?? '', image);
    }
    if (images.size === 0) return [];
    const columns = [...table.columns.keys()];
    const sizes = await sizesOf(this.session, { table, columns, keys: images });
    const portions: RowKey[][] = [];
    let bytes = 0;
    for (const [text, image] of images) {
      const size = must(sizes.get(text), 'each has a size');
      const last = portions.at(-1);
      const key = table.primaryKey.map((position) => image[position] ?? null);
      bytes += size;
      if (last !== undefined && last.length < ROWS_MAX && bytes <= BYTES_MAX) last.push(key);
      else {
        portions.push([key]);
        bytes = size;
      }
    }
    return portions;
  }

  /** By halves, down to the key that cannot be copied. */
  async copy(keys: readonly RowKey[]): Promise<void> {
    this.signal.throwIfAborted();
    const failure = await this.tryTo(keys);
    if (failure === null) return;
    const [only] = keys;
    if (keys.length > 1) {
      const half = keys.length >> 1;
      await this.copy(keys.slice(0, half));
      await this.copy(keys.slice(half));
    } else if (only !== undefined) this.rejected.push({ key: only, reason: failure });
  }

  /** Null when copied; otherwise why not. */
  private async tryTo(keys: readonly RowKey[]): Promise<string | null> {
    const isSingle = keys.length === 1;
    if (!isSingle && !this.knowsNowait) return 'one by one';
    const triesMax = isSingle ? SINGLE_TRIES_MAX : TRIES_MAX;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.copyTogether(keys, isSingle ? '' : ' NOWAIT');
      } catch (error) {
        await this.session.query('ROLLBACK');
        const errno = errnoOf(error);
        if (errno === SYNTAX_ERROR && !isSingle) {
          this.knowsNowait = false;
          return 'one by one';
        }
        if (!BUSY.has(errno)) return this.refusalOf(error);
        if (tries >= triesMax) return 'The row was locked by others for too long';
        await this.clock.sleep(WAIT_MS * tries, this.signal);
      }
    }
  }

  /** Why the server refused a key; what is not about the rows is thrown. */
  private refusalOf(error: unknown): string {
    const failure = copyFailure(error, this.session);
    const isOfRows = SyncError.is(failure) && failure.code === 'INTERNAL' && errnoOf(failure) > 0;
    if (isOfRows && !isPassing(failure)) return String(failure.details['problem']);
    throw failure;
  }

  private async copyTogether(keys: readonly RowKey[], wait: string): Promise<string | null> {
    const { session } = this;
    await session.query('START TRANSACTION');
    const read = await this.readLocked(keys, wait);
    const { table } = this;
    const { sends = 'all', whyNotGone } = this.order;
    const rows = sends === 'gone' ? [] : read.rows;
    const gone = sends === 'rows' ? [] : read.gone;
    const body = encodeCopied({ table, rows, gone });
    if (body.length > this.bodyBytesMax) {
      await session.query('ROLLBACK');
      return `The row takes ${String(body.length)} bytes, which is more than max_allowed_packet of the source`;
    }
    const { pipelineId, job } = this.order;
    await session.write(`INSERT INTO ${COPY_TABLE} (\`pipeline\`, \`job\`, \`body\`) VALUES (?, ?, ?)`, [
      ...[pipelineId, job, body],
    ]);
    await session.query(`DELETE FROM ${COPY_TABLE} WHERE \`id\` = LAST_INSERT_ID()`);
    await session.query('COMMIT');
    this.rows += rows.length;
    this.gone += gone.length;
    if (sends === 'rows')
      for (const key of read.gone) this.rejected.push({ key, reason: whyNotGone ?? 'There is no such row' });
    if (sends === 'gone')
      for (const row of read.rows) {
        const key = table.primaryKey.map((position) => row[position] ?? null);
        this.rejected.push({ key, reason: 'The row is there, and is not deleted' });
      }
    return null;
  }

  /** Inside of the transaction, which holds the locks from here on, and with them the table as it is. */
  private async readLocked(
    keys: readonly RowKey[],
    wait: string,
  ): Promise<{ readonly rows: readonly RowImage[]; readonly gone: readonly RowKey[] }> {
    const { table } = this;
    const positions = [...table.columns.keys()];
    const read = await this.select(keys, { columns: table.columns.map(readable), wait });
    await this.requireSameTable();
    const rows = read.map((row) => imageOf(table, positions, row));
    const found = new Set(rows.map((row) => keyText(table, row)));
    const missing = keys.filter((key) => !found.has(keyText(table, imageOfKey(table, key))));
    const asked = new Set(keys.map((key) => keyText(table, imageOfKey(table, key))));
    // A row that stands under another spelling of the key ('A' for 'a'): its key is not without a row.
    if (rows.every((row) => asked.has(keyText(table, row)))) return { rows, gone: missing };
    const gone: RowKey[] = [];
    for (const key of missing) if ((await this.select([key], { columns: ['1'], wait })).length === 0) gone.push(key);
    return { rows, gone };
  }

  private select(
    keys: readonly RowKey[],
    { columns, wait }: { readonly columns: readonly string[]; readonly wait: string },
  ): ReturnType<SourceSession['queryRaw']> {
    const { table } = this;
    const where = conditionOf(
      table,
      keys.map((key) => imageOfKey(table, key)),
    );
    const isMariaDb = this.session.server.kind === 'mariadb';
    const lock = isMariaDb || wait === '' ? 'LOCK IN SHARE MODE' : 'FOR SHARE';
    // By the key: a scan would lock every row that it passes.
    return this.session.queryRaw(
      `SELECT ${columns.join(',')} FROM ${quoteTable(table)} FORCE INDEX (PRIMARY) WHERE ${where} ${lock}${wait}`,
    );
  }

  private async requireSameTable(): Promise<void> {
    const now = await readSourceTable(this.session, this.table);
    if (JSON.stringify(now) === JSON.stringify(this.table)) return;
    const { schema, table } = this.table;
    const problem = `The table ${schema}.${table} is no longer as it was when its rows began to be copied`;
    throw new SyncError('SOURCE_SCHEMA_MISMATCH', { problem, table: `${schema}.${table}` });
  }
}

/** An image that holds the key alone. */
export function imageOfKey(table: TableDefinition, key: RowKey): RowImage {
  const image: (ColumnValue | undefined)[] = table.columns.map(() => undefined);
  for (const [index, position] of table.primaryKey.entries())
    image[position] = must(key[index], 'a key has a value for each of its columns');
  return image;
}
