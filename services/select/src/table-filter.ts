import { EVENT_HEADER_BYTES, readTableId, readTableName } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import type { LoggedTable } from '@lutra/binlog/schema';
import type { MappingMatcher } from '@lutra/model';

/** A table as the log last described it. */
export interface KnownTable {
  readonly schema: string;
  readonly table: string;
  readonly isMapped: boolean;
  /** The TABLE_MAP, copied: it outlives its chunk. Empty for tables that are not mapped. */
  map: Buffer;
  /** What the map leaves open; null when it tells all, or has been completed. */
  open: LoggedTable | null;
  /** Last process that this TABLE_MAP was written to. */
  sentIn: number;
}

interface Entry {
  /** Copy of the event for comparison; its header (time, position) does not count. */
  readonly event: Buffer;
  readonly known: KnownTable;
}

/** A server with more tables in use begins anew: the next TABLE_MAP of each describes it again. */
const TABLES_MAX = 20_000;

/**
 * Decides by schema and table name whether rows are wanted. A TABLE_MAP stands before the rows of every statement: one that
 * says the same as before is recognised by its bytes, any other is judged anew.
 */
export class TableFilter {
  private readonly entries = new Map<number, Entry>();

  /** `openOf`: what a table map leaves open; asked once for each that is new. Without it every map counts as complete. */
  constructor(
    private matcher: MappingMatcher,
    private readonly openOf: (map: Buffer) => LoggedTable | null = () => null,
  ) {}

  /** Takes the mappings of a newer revision; every table is judged anew. */
  adopt(matcher: MappingMatcher): void {
    this.matcher = matcher;
    this.clear();
  }

  /** One that judges in the same way and knows no table yet: for events from another place of the log. */
  fresh(): TableFilter {
    return new TableFilter(this.matcher, this.openOf);
  }

  /** Table ids begin anew after a restart of the server. */
  clear(): void {
    this.entries.clear();
  }

  tableMap(event: FramedEvent): void {
    const id = readTableId(event);
    const known = this.entries.get(id);
    if (known !== undefined && isSameMap(known.event, event)) return;
    if (this.entries.size >= TABLES_MAX) this.entries.clear();
    const { schema, table } = readTableName(event);
    const isMapped = this.matcher.targetsOf(schema, table).length > 0;
    const copy = Buffer.from(event.bytes);
    const open = isMapped ? this.openOf(copy) : null;
    const map = isMapped ? copy : EMPTY;
    this.entries.set(id, { event: copy, known: { schema, table, isMapped, map, open, sentIn: 0 } });
  }

  /** Undefined when no TABLE_MAP came for this id. */
  find(id: number): KnownTable | undefined {
    return this.entries.get(id)?.known;
  }
}

const EMPTY = Buffer.alloc(0);

function isSameMap(known: Buffer, event: FramedEvent): boolean {
  const { buffer, start, end } = event;
  return (
    known.length === end - start &&
    known.compare(buffer, start + EVENT_HEADER_BYTES, end, EVENT_HEADER_BYTES, known.length) === 0
  );
}
