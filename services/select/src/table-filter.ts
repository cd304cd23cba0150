import { readTableId, readTableName } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import type { LoggedTable } from '@lutra/binlog/schema';
import { controlTableOf } from '@lutra/model';
import type { ControlTable, MappingMatcher } from '@lutra/model';
import { completeControlMap } from './control-maps.ts';
import type { LeftOutTables } from './left-out-tables.ts';

/** A table as the log last described it. */
export interface KnownTable {
  readonly schema: string;
  readonly table: string;
  readonly isMapped: boolean;
  /** A table of schema retl that tells what is to be sent once more: only what is written to it counts. */
  readonly isControl: boolean;
  /** The TABLE_MAP as it came, copied. Its header (time, position) does not count. */
  readonly logged: Buffer;
  /** What is sent of it: completed where it leaves something open. Empty for tables that are not mapped. */
  map: Buffer;
  /** What the map leaves open; null when it tells all, or has been completed. */
  open: LoggedTable | null;
  /** Last process that this TABLE_MAP was written to. */
  sentIn: number;
}

/** Tables that are remembered, twice: those that were described since the last turn, and those of the turn before. */
const TABLES_MAX = 10_000;

/**
 * Decides by schema and table name whether rows are wanted. A TABLE_MAP stands before the rows of every statement: one that
 * says the same as before is recognised by its bytes, any other is judged anew.
 */
export class TableFilter {
  private tables = new Map<number, KnownTable>();
  /** Full, and being forgotten: a statement of several tables needs all of their maps, also when the turn is in between. */
  private older = new Map<number, KnownTable>();

  /** `openOf`: what a table map leaves open; asked once for each that is new. Without it every map counts as complete. */
  constructor(
    private matcher: MappingMatcher,
    private readonly openOf: (map: Buffer) => LoggedTable | null = () => null,
    private readonly leftOut: Pick<LeftOutTables, 'noteGhost' | 'noteBuffer'> | null = null,
  ) {}

  /** Takes the mappings of a newer revision; every table is judged anew. */
  adopt(matcher: MappingMatcher): void {
    this.matcher = matcher;
    this.clear();
  }

  /** One that judges in the same way and knows no table yet: for events from another place of the log. */
  fresh(): TableFilter {
    return new TableFilter(this.matcher, this.openOf, this.leftOut);
  }

  /** Table ids begin anew after a restart of the server. */
  clear(): void {
    this.tables.clear();
    this.older.clear();
  }

  tableMap(event: FramedEvent): void {
    const id = readTableId(event);
    const known = this.tables.get(id);
    if (known !== undefined && event.hasBodyOf(known.logged)) return;
    this.keep(id, this.older.get(id), event);
  }

  /** Undefined when no TABLE_MAP came for this id. */
  find(id: number): KnownTable | undefined {
    return this.tables.get(id) ?? this.older.get(id);
  }

  private keep(id: number, older: KnownTable | undefined, event: FramedEvent): void {
    if (this.tables.size >= TABLES_MAX) {
      this.older = this.tables;
      this.tables = new Map();
    }
    const isKnown = older !== undefined && event.hasBodyOf(older.logged);
    this.tables.set(id, isKnown ? older : this.judge(event));
  }

  private judge(event: FramedEvent): KnownTable {
    const { schema, table } = readTableName(event);
    const control = controlTableOf(schema, table);
    if (control !== null) return this.judgeControl(event, control);
    const isMapped = this.matcher.targetsOf(schema, table).length > 0;
    if (!isMapped) {
      const of = this.matcher.leftOutOf(schema, table);
      if (of !== null) this.leftOut?.noteGhost({ schema, table }, of);
    }
    // For comparison, and because it outlives its chunk.
    const logged = Buffer.from(event.bytes);
    const open = isMapped ? this.openOf(logged) : null;
    return { schema, table, isMapped, isControl: false, logged, map: isMapped ? logged : EMPTY, open, sentIn: 0 };
  }

  private judgeControl(event: FramedEvent, control: ControlTable): KnownTable {
    const { schema, table } = readTableName(event);
    const logged = Buffer.from(event.bytes);
    const map = completeControlMap(control, logged, this.openOf(logged));
    const isMapped = map !== null;
    if (!isMapped && control === 'buffer') this.leftOut?.noteBuffer({ schema, table });
    return { schema, table, isMapped, isControl: true, logged, map: map ?? EMPTY, open: null, sentIn: 0 };
  }
}

const EMPTY = Buffer.alloc(0);
