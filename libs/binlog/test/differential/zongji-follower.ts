import { randomInt } from 'node:crypto';
import ZongJi from '@vlasky/zongji';
import type { DecodedEvent } from '@lutra/binlog/decoder';
import type { ColumnValue } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { show } from './play-scenario.ts';
import type { CorpusColumn } from './scenario.ts';

type Values = Readonly<Record<string, unknown>>;

interface SeenEvent {
  readonly table: string;
  readonly kind: string;
  readonly rows: readonly { readonly before?: Values; readonly after?: Values }[];
}

interface ZongjiEvent {
  readonly tableId: number;
  readonly tableMap: Readonly<Record<number, { readonly tableName: string }>>;
  readonly rows?: readonly unknown[];
  getEventName(): string;
}

const EVENT_KINDS = new Map([
  ['writerows', 'insert'],
  ['updaterows', 'update'],
  ['deleterows', 'delete'],
]);

/** @vlasky/zongji on the log of a server, for chosen tables of one schema. */
export class ZongjiFollower {
  private readonly events: SeenEvent[] = [];
  private failure: unknown = null;

  private constructor(private readonly zongji: ZongJi) {}

  static async start(server: DatabaseServer, schema: string, tables: readonly string[]): Promise<ZongjiFollower> {
    const { host, port, user, password } = server;
    const address = { host, port, user, password, charset: 'utf8mb4', timezone: 'Z', dateStrings: true };
    const zongji = new ZongJi({ ...address, supportBigNumbers: true, bigNumberStrings: true, jsonStrings: true });
    const follower = new ZongjiFollower(zongji);
    let isReady = false;
    zongji.on('binlog', (...[event]: unknown[]) => follower.take(event as ZongjiEvent));
    zongji.on('ready', () => (isReady = true));
    zongji.on('error', (error: unknown) => (follower.failure = error));
    zongji.start({
      startAtEnd: true,
      serverId: randomInt(100_000, 900_000),
      includeEvents: ['rotate', 'tablemap', 'writerows', 'updaterows', 'deleterows'],
      includeSchema: { [schema]: [...tables] },
    });
    await waitUntil(() => isReady, { what: 'zongji to follow the log', timeoutMs: 60_000, everyMs: 10 });
    return follower;
  }

  stop(): void {
    this.zongji.stop();
  }

  /** The events of a table, once there are as many as given. Throws what zongji failed with. */
  async eventsOf(table: string, count: number): Promise<readonly SeenEvent[]> {
    const seen = (): SeenEvent[] => this.events.filter((event) => event.table === table);
    await waitUntil(() => seen().length >= count || this.failure !== null, {
      what: `zongji to see ${String(count)} events of ${table}`,
      timeoutMs: 60_000,
      everyMs: 5,
    });
    if (this.failure !== null) throw new Error('zongji failed', { cause: this.failure });
    return seen();
  }

  private take(event: ZongjiEvent): void {
    const kind = EVENT_KINDS.get(event.getEventName());
    if (kind === undefined) return;
    const rows = (event.rows ?? []).map((row) => {
      if (kind === 'update') return row as { before: Values; after: Values };
      return kind === 'insert' ? { after: row as Values } : { before: row as Values };
    });
    this.events.push({ table: event.tableMap[event.tableId]?.tableName ?? '', kind, rows });
  }
}

/** Where decoder and zongji say different things; `columns` are the table's at the time of the events. */
export function compareWithZongji(
  decoded: readonly { readonly event: DecodedEvent; readonly columns: readonly CorpusColumn[] }[],
  seen: readonly SeenEvent[],
): { readonly complaints: readonly string[]; readonly compared: number } {
  const complaints: string[] = [];
  let compared = 0;
  decoded.forEach(({ event, columns }, index) => {
    const other = seen[index];
    if (other?.kind !== event.kind || other.rows.length !== event.rows.length) {
      complaints.push(`event ${String(index)}: other kind or number of rows`);
      return;
    }
    event.rows.forEach((row, rowIndex) => {
      for (const side of ['before', 'after'] as const) {
        event.table.columns.forEach(({ name, kind, declared }, column) => {
          const image = row[side];
          const isComparable = columns.find((known) => known.name === name)?.type.zongjiCannot === undefined;
          if (image === undefined || !isComparable) return;
          const [ours, theirs] = [image[column], other.rows[rowIndex]?.[side]?.[name]];
          // zongji borrows a second too much of some negative times: '-211:04:64.000' for -211:05:00.000.
          if (kind === 'time' && typeof ours === 'string' && ours.startsWith('-')) return;
          compared += 1;
          if (comparable(ours, kind) === comparable(theirs, kind)) return;
          complaints.push(
            `event ${String(index)} ${side} ${name} ${declared}: ${show(ours)}, zongji ${show(theirs as ColumnValue)}`,
          );
        });
      }
    });
  });
  return { complaints, compared };
}

/** A value of either reader in words that both have: zongji gives 64-bit integers as number or text, BIT as bytes. */
function comparable(value: unknown, kind: string): unknown {
  if (value === null || value === undefined) return value;
  if (kind === 'integer' || kind === 'year') return BigInt(value as number | bigint | string);
  if (kind === 'bit') return Buffer.isBuffer(value) ? BigInt(`0x${value.toString('hex')}`) : value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
