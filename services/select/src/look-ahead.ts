import { EVENT_TYPE, classifyEvent, readGtidEvent, readQuery, scanBinlog } from '@lutra/binlog';
import type { FramedEvent, ScanPosition, SourceOptions } from '@lutra/binlog';
import { coversDone, parseDone, SyncError } from '@lutra/model';
import type { DonePlace, DoneSet } from '@lutra/model';
import { readSchemaChange } from './schema-change.ts';
import type { SchemaChange } from './schema-change.ts';

/** Statements that are kept, and held at all. A log that changes schemas more often than this is scanned again for each table. */
const CHANGES_MAX = 10_000;
const STATEMENT_CHARACTERS_SHOWN = 200;

/** A statement in the part of the log that select has not come to, and that may change columns. */
export interface ChangeAhead extends SchemaChange {
  /** Its transaction, as DoneSet names it: 'file:offset' of its end where there are no GTIDs. */
  readonly gtid: string;
  /** 'file:offset' of its beginning. */
  readonly position: string;
  /** Shortened, for people. */
  readonly statement: string;
}

/**
 * Knows the schema changes between a place of the log and its end, by reading the statements in between and nothing else.
 * What was read is kept: the next question only costs what was logged since.
 */
export class LookAhead {
  private changes: ChangeAhead[] = [];
  /** Everything behind `from` up to `to` has been read. */
  private read: { readonly from: DonePlace; readonly to: DonePlace } | null = null;

  constructor(
    private readonly onProgress: (position: string) => void,
    private readonly changesMax = CHANGES_MAX,
  ) {}

  /**
   * The first statement behind `place` that may change columns and matters, up to everything that is in the log at the moment
   * of the call; null when there is none. Throws what scanBinlog throws.
   */
  async firstBehind(
    place: DonePlace,
    source: SourceOptions,
    { matters, signal }: { readonly matters: (change: ChangeAhead) => boolean; readonly signal: AbortSignal },
  ): Promise<ChangeAhead | null | 'aborted'> {
    // What was read serves if it begins before this place and ends behind it.
    if (this.read !== null && !(coversDone(place, this.read.from) && coversDone(this.read.to, place))) this.forget();
    const from = this.read?.to ?? place;
    const kept = [...this.changes];
    let first = kept.find(matters) ?? null;
    let isTooMuch = false;
    const scan = new StatementScan(from, (change) => {
      if (first === null && matters(change)) first = change;
      if (kept.length < this.changesMax) kept.push(change);
      else isTooMuch = true;
    });
    let shownMs = source.clock.monotonicMs();
    const end = await scanBinlog({
      source,
      from,
      signal,
      onEvent: (event, at) => {
        scan.take(event, at);
        if (event.type === EVENT_TYPE.ROTATE || source.clock.monotonicMs() - shownMs > PROGRESS_MS) {
          shownMs = source.clock.monotonicMs();
          this.onProgress(`${at.file}:${String(at.end)}`);
        }
        return 'go on';
      },
    });
    if (end === 'aborted') return 'aborted';
    if (isTooMuch) this.forget();
    else {
      this.changes = kept;
      this.read = { from: this.read?.from ?? place, to: scan.place() };
    }
    return first;
  }

  forget(): void {
    this.changes = [];
    this.read = null;
  }
}

const PROGRESS_MS = 1_000;

/** Tells the statements of a piece of the log, and the place behind it. */
class StatementScan {
  private readonly done: DoneSet;
  private readonly isByFile: boolean;
  private end: DonePlace;
  /** The transaction that is being read; it is done when the next one begins or the log ends. */
  private gtid: string | null = null;

  constructor(
    from: DonePlace,
    private readonly onChange: (change: ChangeAhead) => void,
  ) {
    this.done = parseDone(from);
    this.isByFile = from.kind === 'file';
    this.end = from;
  }

  take(event: FramedEvent, at: ScanPosition): void {
    if (event.kind === 'piece' || event.kind === 'end') return;
    if (this.end.kind === 'file' && at.file !== '') this.end = { ...this.end, file: at.file, offset: at.end };
    const eventClass = classifyEvent(event);
    if (eventClass === 'gtid') this.begin(readGtidEvent(event).gtid);
    else if (eventClass === 'query') this.query(event, at);
  }

  /** Behind everything that was taken. */
  place(): DonePlace {
    if (this.isByFile) return this.end;
    if (this.gtid !== null) this.done.add(this.gtid);
    return this.done.toDone();
  }

  private begin(gtid: string | null): void {
    if (this.gtid !== null) this.done.add(this.gtid);
    this.gtid = this.isByFile ? null : gtid;
  }

  private query(event: FramedEvent, at: ScanPosition): void {
    const { schema, statement } = readQuery(event);
    const change = readSchemaChange(statement, schema);
    if (change === null) return;
    const gtid = this.isByFile ? `${at.file}:${String(at.end)}` : this.gtid;
    const position = `${at.file}:${String(at.start)}`;
    if (gtid === null)
      throw new SyncError('SOURCE_EVENT_CORRUPT', { problem: `The statement at ${position} of the log has no GTID` });
    const isLong = statement.length > STATEMENT_CHARACTERS_SHOWN;
    const shown = isLong ? `${statement.slice(0, STATEMENT_CHARACTERS_SHOWN)}…` : statement;
    this.onChange({ ...change, gtid, position, statement: shown });
  }
}
