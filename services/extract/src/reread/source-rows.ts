import { openSnapshot } from '@lutra/binlog';
import type { SourceSession } from '@lutra/binlog';
import { ByteBudget, must } from '@lutra/model';
import type { PipelineDefinition, RowImage, TableDefinition } from '@lutra/model';
import { PatientAccess, rowsByKey, sizesOf, tiedColumns } from '@lutra/source-access';
import type { PatientAccessParts } from '@lutra/source-access';
import type { CurrentRow } from './complete-change.ts';
import type { AskedRow, CurrentRows, FoundRows } from './current-rows.ts';

/** Rows that are read together; a larger one is read alone. */
const PORTION_BYTES_MAX = 8 * 1024 * 1024;
/** Of all that the instance has read and not yet passed on; a larger row is held alone. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;

/** Reads rows at the sources of pipelines, with a bound for what is held of them. */
export class SourceRows {
  private readonly held = new ByteBudget(HELD_BYTES_MAX);

  private readonly sources: PatientAccess;

  constructor(parts: PatientAccessParts) {
    this.sources = new PatientAccess(parts);
  }

  /**
   * For one process. What fails in passing is repeated for `retryInPlaceMs`; then SOURCE_UNREACHABLE, SOURCE_COMMIT_PENDING and
   * the like end the epoch, to be tried again by the arbiter.
   */
  of(definition: PipelineDefinition, serverUuid: string | null): CurrentRows {
    return {
      read: (asked, { transactions, signal }) =>
        this.sources.at(definition, { serverUuid, signal }, (session, attempt) =>
          this.readAt(session, asked, { transactions, attempt, signal }),
        ),
    };
  }

  /** Null: not visible yet. */
  private async readAt(
    session: SourceSession,
    asked: readonly AskedRow[],
    how: { readonly transactions: readonly string[]; readonly attempt: number; readonly signal: AbortSignal },
  ): Promise<FoundRows | null> {
    const visibility = await openSnapshot(session, how.transactions, how.attempt);
    if (visibility === null) return null;
    const { portion, bytes } = await firstPortion(session, asked);
    const release = await this.held.reserve(bytes, how.signal);
    try {
      const rows = await currentRows(session, portion, visibility === 'locking');
      if (visibility === 'snapshot') await session.query('COMMIT');
      return { rows, release };
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** As many of the rows as may be held together. */
async function firstPortion(
  session: SourceSession,
  asked: readonly AskedRow[],
): Promise<{ readonly portion: readonly AskedRow[]; readonly bytes: number }> {
  const sizes = new Map<TableDefinition, ReadonlyMap<string, number>>();
  for (const [table, rows] of byTable(asked)) sizes.set(table, await sizesOf(session, rows));
  const counted = new Set<string>();
  let bytes = 0;
  for (const [index, { table, key }] of asked.entries()) {
    const name = `${table.schema}.${table.table}${key}`;
    const size = counted.has(name) ? 0 : must(sizes.get(table)?.get(key), 'each has a size');
    if (index > 0 && bytes + size > PORTION_BYTES_MAX) return { portion: asked.slice(0, index), bytes };
    counted.add(name);
    bytes += size;
  }
  return { portion: asked, bytes };
}

async function currentRows(
  session: SourceSession,
  asked: readonly AskedRow[],
  isLocking: boolean,
): Promise<readonly (CurrentRow | null)[]> {
  const found = new Map<TableDefinition, TableRows | null>();
  for (const [table, rows] of byTable(asked)) {
    const images = await rowsByKey(session, rows, isLocking);
    found.set(table, images === null ? null : { images, tied: await tiedColumns(session, table) });
  }
  return asked.map(({ table, key }) => {
    const rows = found.get(table) ?? null;
    return rows === null ? null : { image: rows.images.get(key) ?? null, tied: rows.tied };
  });
}

interface TableRows {
  readonly images: ReadonlyMap<string, RowImage>;
  readonly tied: ReadonlySet<number>;
}

interface KeysOfTable {
  readonly table: TableDefinition;
  readonly columns: readonly number[];
  readonly keys: Map<string, RowImage>;
}

function byTable(asked: readonly AskedRow[]): ReadonlyMap<TableDefinition, KeysOfTable> {
  const tables = new Map<TableDefinition, KeysOfTable>();
  for (const { table, columns, key, image } of asked) {
    let rows = tables.get(table);
    // One question for all rows of a table: those of fewer columns get more.
    if (rows === undefined || rows.columns.length < columns.length)
      tables.set(table, (rows = { table, columns, keys: rows?.keys ?? new Map<string, RowImage>() }));
    rows.keys.set(key, image);
  }
  return tables;
}
