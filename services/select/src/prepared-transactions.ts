import { FramedEvent } from '@lutra/binlog';
import type { EventRange } from './savepoints.ts';
import type { KnownTable } from './table-filter.ts';

/**
 * Rows of prepared transactions that a pipeline keeps in memory, all of them together; what is above it is read again at
 * its commit.
 */
export const PREPARED_BYTES_MAX = 2 * 1024 * 1024;
/** What an entry and its objects take besides the bytes of its events. */
const EVENT_OVERHEAD_BYTES = 200;

/** Where the first event (GTID) of a prepared transaction begins. */
export interface LogPlace {
  readonly file: string;
  readonly offset: number;
}

/** The events of a prepared transaction that matter, as they came; a large event is in its parts. */
export interface KeptEvents {
  readonly events: FramedEvent[];
  /** For a rows event its number in the transaction, those of tables that are not mapped counted; else 0. */
  readonly numbers: number[];
}

/** An XA transaction whose rows are logged and whose decision is not, or that is still being logged. */
export class PreparedTransaction {
  /** Null when its rows have to be read again. */
  kept: KeptEvents | null = { events: [], numbers: [] };
  bytes = 0;
  /** Rows events so far, of all tables. */
  eventsRead = 0;
  hasMappedRows = false;
  hasOtherRows = false;
  /** Rows that a ROLLBACK TO inside the transaction undid. */
  readonly drops: EventRange[] = [];
  private readonly maps = new Map<number, Buffer>();

  constructor(
    readonly place: LogPlace,
    /** Revision under which tables were judged. */
    readonly revision: number,
  ) {}

  /** True when its commit may bring rows under this revision. */
  concerns(revision: number): boolean {
    return this.hasMappedRows || (this.hasOtherRows && revision !== this.revision);
  }

  /** True when what is kept is all that this revision wants. */
  isCompleteFor(revision: number): boolean {
    return this.kept !== null && (revision === this.revision || !this.hasOtherRows);
  }

  /** A rows event of a table that is not mapped. */
  skip(): void {
    this.hasOtherRows = true;
    this.eventsRead++;
  }

  /** A rows event of a mapped table, or the beginning of one. */
  keep(event: FramedEvent, table: KnownTable, tableId: number): void {
    this.hasMappedRows = true;
    // As it came: what completes it is found out at the commit.
    const { logged } = table;
    if (this.maps.get(tableId) !== logged) {
      this.maps.set(tableId, logged);
      this.push(new FramedEvent('whole', TABLE_MAP, logged, 0, logged.length, logged.length, 0), 0);
    }
    this.push(copyOf(event), this.eventsRead);
    this.eventsRead++;
  }

  /** A further part of the rows event before it. */
  keepPart(event: FramedEvent): void {
    this.push(copyOf(event), 0);
  }

  private push(event: FramedEvent, number: number): void {
    if (this.kept === null) return;
    this.kept.events.push(event);
    this.kept.numbers.push(number);
    this.bytes += event.end - event.start + EVENT_OVERHEAD_BYTES;
  }
}

const TABLE_MAP = 19;

/** Its own bytes, so that it does not keep a chunk of the socket alive. */
function copyOf({ kind, type, bytes, length, fileBytes }: FramedEvent): FramedEvent {
  return new FramedEvent(kind, type, Buffer.from(bytes), 0, bytes.length, length, fileBytes);
}

/**
 * The prepared transactions of one epoch by xid. Survives broken dumps: what is read again replaces what was known. A
 * decided one is forgotten when the process with its rows is published, because until then its commit may be read again.
 */
export class PreparedTransactions {
  private readonly known = new Map<string, PreparedTransaction>();
  private open: PreparedTransaction | null = null;
  private heldBytes = 0;

  constructor(private readonly bytesMax = PREPARED_BYTES_MAX) {}

  get size(): number {
    return this.known.size;
  }

  /** Where those stand that are not decided. */
  places(): LogPlace[] {
    return [...this.known.values()].map(({ place }) => place);
  }

  find(xid: string): PreparedTransaction | undefined {
    return this.known.get(xid);
  }

  /** A prepared transaction begins to be logged. One that never ended (a broken dump) is given up. */
  begin(place: LogPlace, revision: number): PreparedTransaction {
    this.giveUpOpen();
    this.open = new PreparedTransaction(place, revision);
    return this.open;
  }

  /** Call after each event that was kept: spills to the log what is too much. */
  account(transaction: PreparedTransaction, bytesBefore: number): void {
    this.heldBytes += transaction.bytes - bytesBefore;
    if (this.heldBytes > this.bytesMax) this.spill(transaction);
  }

  /** It is prepared: from now on its xid finds it. */
  put(xid: string, transaction: PreparedTransaction): void {
    this.forget(xid);
    this.known.set(xid, transaction);
    if (this.open === transaction) this.open = null;
  }

  forget(xid: string): void {
    const transaction = this.known.get(xid);
    if (transaction !== undefined) this.spill(transaction);
    this.known.delete(xid);
  }

  giveUpOpen(): void {
    if (this.open !== null) this.spill(this.open);
    this.open = null;
  }

  private spill(transaction: PreparedTransaction): void {
    this.heldBytes -= transaction.bytes;
    transaction.bytes = 0;
    transaction.kept = null;
  }
}
