import type { ColumnDefinition, Place, RowChange, RowImage, RowTransaction, TableDefinition } from '@lutra/model';
import type { TargetTable } from '@lutra/sql/simulation';
import type { Random } from '../demo/random.ts';

export const SOURCE_UUID = '0000aaaa-0000-0000-0000-00000000000a';
const SCHEMA = 'shop';
const ACCOUNTS = 6;
const BALANCE = 100;
const SEATS = 5;

const integer = (name: string, nullable = false): ColumnDefinition => ({
  name,
  kind: 'integer',
  declared: 'int',
  nullable,
  bytes: 4,
});

/** Tables by their number in a process. Every row but an entry counts its own versions: a change that is lost or doubled shows. */
export const TABLES: readonly TableDefinition[] = [
  {
    schema: SCHEMA,
    table: 'account',
    columns: [integer('id'), integer('balance'), integer('version')],
    primaryKey: [0],
  },
  {
    schema: SCHEMA,
    table: 'seat',
    columns: [integer('id'), integer('holder', true), integer('version')],
    primaryKey: [0],
  },
  { schema: SCHEMA, table: 'entry', columns: [integer('id'), integer('amount')], primaryKey: [0] },
];
const UNIQUE_COLUMNS: Readonly<Record<string, readonly string[]>> = { seat: ['holder'] };

/** The same tables as a target shows them. */
export function targetTables(): readonly TargetTable[] {
  return TABLES.map(({ schema, table, columns }) => {
    const primary = { name: 'PRIMARY', columns: ['id'], isExact: true, isNotNull: true };
    const unique = UNIQUE_COLUMNS[table];
    return {
      schema,
      table,
      columns: new Map(
        columns.map(({ name, nullable }) => [
          name,
          {
            name,
            dataType: 'int',
            columnType: 'int',
            nullable,
            generated: false,
            needsValue: false,
            charset: null,
            collation: null,
            paddedBytes: null,
          },
        ]),
      ),
      key: primary,
      indexed: new Set<string>(),
      uniqueKeys: [
        primary,
        ...(unique === undefined ? [] : [{ name: 'holder', columns: unique, isExact: true, isNotNull: false }]),
      ],
      triggers: [],
      engine: 'InnoDB',
      rowEstimate: null,
      statement: '',
    };
  });
}

/** A point of the log: so many transactions are done, and of the next one so many events. */
export interface LogPoint {
  readonly done: number;
  readonly event: number;
}

export const placeOf = ({ done, event }: LogPoint): Place => ({
  done: {
    kind: 'mysqlGtid',
    gtidSet: done === 0 ? '' : done === 1 ? `${SOURCE_UUID}:1` : `${SOURCE_UUID}:1-${String(done)}`,
  },
  inside: event === 0 ? null : { gtid: gtidOf(done + 1), event, row: 0, part: 0, serverUuid: SOURCE_UUID },
});

/** The reverse of {@link placeOf}. */
export function pointOf({ done, inside }: Place): LogPoint {
  const gtidSet = done.kind === 'mysqlGtid' ? done.gtidSet : '';
  const last = /(\d+)$/.exec(gtidSet)?.[1];
  return { done: gtidSet === '' ? 0 : Number(last), event: inside?.event ?? 0 };
}

export const isBefore = (one: LogPoint, other: LogPoint): boolean =>
  one.done < other.done || (one.done === other.done && one.event < other.event);

const gtidOf = (number: number): string => `${SOURCE_UUID}:${String(number)}`;

/** Rows by table number and id. */
export type ShopState = readonly Map<number, RowImage>[];

/** Applies a change; gives the ids of the rows that it touches. */
export function applyChange(state: ShopState, change: RowChange): readonly number[] {
  const rows = state[change.table];
  const ids: number[] = [];
  if (change.kind !== 'insert') {
    const id = Number(change.before[0]);
    rows?.delete(id);
    ids.push(id);
  }
  if (change.kind !== 'delete') {
    const id = Number(change.after[0]);
    rows?.set(id, change.after);
    ids.push(id);
  }
  return ids;
}

export function initialState(): ShopState {
  const rows = (count: number, image: (id: number) => RowImage): Map<number, RowImage> =>
    new Map(Array.from({ length: count }, (_, index) => [index + 1, image(index + 1)]));
  return [rows(ACCOUNTS, (id) => [id, BALANCE, 0]), rows(SEATS, (id) => [id, id * 10, 0]), new Map()];
}

/** The binary log of one source, and the workload that writes it: transfers of constant sum, swaps of unique values, entries. */
export class SourceLog {
  readonly transactions: RowTransaction[] = [];
  readonly state = initialState();
  private readonly listeners = new Set<() => void>();
  private entryCount = 0;
  private accountCount = ACCOUNTS;

  constructor(private readonly random: Random) {}

  get size(): number {
    return this.transactions.length;
  }

  onGrowth(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** One more transaction of random kind. */
  write(commitMs: number): void {
    const changes: RowChange[] = [];
    const roll = this.random.next();
    if (roll < 0.45) this.transfer(changes);
    else if (roll < 0.65) this.swapSeats(changes);
    else if (roll < 0.85) this.enter(changes);
    else if (roll < 0.92) this.rename(changes);
    // Larger than a process, and now and then than any window.
    else for (let left = roll < 0.985 ? this.random.between(6, 14) : 30; left > 0; left -= 1) this.transfer(changes);
    this.append(changes, commitMs);
  }

  /** One transaction of so many transfers. */
  writeLarge(commitMs: number, transfers: number): void {
    const changes: RowChange[] = [];
    for (let left = transfers; left > 0; left -= 1) this.transfer(changes);
    this.append(changes, commitMs);
  }

  /** One transaction in which two rows exchange a unique value. */
  writeSwap(commitMs: number): void {
    const changes: RowChange[] = [];
    this.swapSeats(changes);
    this.append(changes, commitMs);
  }

  /** One transaction in which a row changes its key. */
  writeRename(commitMs: number): void {
    const changes: RowChange[] = [];
    this.rename(changes);
    this.append(changes, commitMs);
  }

  private append(changes: readonly RowChange[], commitMs: number): void {
    const number = this.size + 1;
    this.transactions.push({ seq: number, gtid: gtidOf(number), firstEvent: 0, commitMs, isLast: true, changes });
    for (const listener of [...this.listeners]) listener();
  }

  private transfer(changes: RowChange[]): void {
    const ids = [...(this.state[0]?.keys() ?? [])];
    const first = this.random.between(0, ids.length - 1);
    const second = (first + this.random.between(1, ids.length - 1)) % ids.length;
    const amount = this.random.between(1, 9);
    this.change(changes, 0, ids[first] ?? 1, (row) => [row[0], Number(row[1]) - amount, Number(row[2]) + 1]);
    this.change(changes, 0, ids[second] ?? 1, (row) => [row[0], Number(row[1]) + amount, Number(row[2]) + 1]);
  }

  /** Two seats exchange what is unique: one lets go of it first. */
  private swapSeats(changes: RowChange[]): void {
    const first = this.random.between(1, SEATS);
    const second = (first % SEATS) + 1;
    const holderOf = (id: number): RowImage[number] => this.state[1]?.get(id)?.[1];
    const [one, other] = [holderOf(first), holderOf(second)];
    this.change(changes, 1, first, (row) => [row[0], null, Number(row[2]) + 1]);
    this.change(changes, 1, second, (row) => [row[0], one, Number(row[2]) + 1]);
    this.change(changes, 1, first, (row) => [row[0], other, Number(row[2]) + 1]);
  }

  private enter(changes: RowChange[]): void {
    const entries = [...(this.state[2]?.keys() ?? [])];
    for (let left = this.random.between(1, 3); left > 0; left -= 1) {
      this.entryCount += 1;
      this.add(changes, { kind: 'insert', after: [this.entryCount, this.random.between(1, 99)] }, 2);
    }
    const gone = entries[0];
    const before = gone === undefined ? undefined : this.state[2]?.get(gone);
    if (before !== undefined && entries.length > 3) this.add(changes, { kind: 'delete', before }, 2);
  }

  /** A row changes its key. */
  private rename(changes: RowChange[]): void {
    const id = this.random.pick([...(this.state[0]?.keys() ?? [])] as [number, ...number[]]);
    this.accountCount += 1;
    const next = this.accountCount;
    this.change(changes, 0, id, (row) => [next, row[1], Number(row[2]) + 1]);
  }

  private change(changes: RowChange[], table: number, id: number, next: (row: RowImage) => RowImage): void {
    const before = this.state[table]?.get(id);
    if (before !== undefined) this.add(changes, { kind: 'update', before, after: next(before) }, table);
  }

  private add(changes: RowChange[], change: ChangeOfRow, table: number): void {
    const whole = { ...change, table, event: changes.length, row: 0, part: 0, flags: 0 };
    applyChange(this.state, whole);
    changes.push(whole);
  }
}

type ChangeOfRow =
  | { readonly kind: 'insert'; readonly after: RowImage }
  | { readonly kind: 'update'; readonly before: RowImage; readonly after: RowImage }
  | { readonly kind: 'delete'; readonly before: RowImage };
