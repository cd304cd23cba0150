import { classifyEvent, readGtidEvent, readQuery, readTableId, readTableName, scanBinlog } from '@lutra/binlog';
import type { EventClass, FramedEvent, ScanPosition, SourceOptions } from '@lutra/binlog';
import { compareFilePlaces, coversDone, must, parseDone } from '@lutra/model';
import type { DonePlace, DoneSet, MappingMatcher } from '@lutra/model';

/** What of one table stands in a piece of the log. */
export interface SurveyedTable {
  readonly schema: string;
  readonly table: string;
  /** Rows events: a statement of many rows is one, or some. */
  readonly events: number;
  readonly bytes: number;
}

/** What stands between two places of a source's log. */
export interface LogSurvey {
  readonly transactions: number;
  /** As they are in the log. */
  readonly bytes: number;
  /** Those that a mapping covers, the largest first. */
  readonly tables: readonly SurveyedTable[];
  /** Statements that stand in the log as text, such as CREATE TABLE. */
  readonly statements: number;
  /** ISO times of the first and the last commit, by the source's clock; null = no transaction. */
  readonly firstCommitAt: string | null;
  readonly lastCommitAt: string | null;
  /** False: time was up before the end was reached, and there is more. */
  readonly isComplete: boolean;
}

/** A piece of the log: what `until` says is done, and `from` does not. Both are of one kind, and `until` covers `from`. */
export interface LogPiece {
  readonly from: DonePlace;
  readonly until: DonePlace;
}

/** Whether the end is reached is asked after this many transactions: it costs as much as reading some hundred of them. */
const ASKED_EVERY = 1_000;
/** Tables that are counted by themselves. */
const TABLES_MAX = 1_000;
const TRANSACTION_STATEMENT = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|XA)\b/i;

/**
 * Reads a piece of the log, framing only, until the signal aborts. Throws what `scanBinlog` throws: SOURCE_POSITION_PURGED
 * where the source no longer has it.
 */
export async function surveyLog(
  source: SourceOptions,
  piece: LogPiece & { readonly matcher: MappingMatcher },
  signal: AbortSignal,
): Promise<LogSurvey> {
  const fold = new SurveyFold(piece);
  const end = await scanBinlog({ source, from: piece.from, signal, onEvent: fold.take });
  return fold.survey(end !== 'aborted');
}

class SurveyFold {
  private readonly seen: DoneSet;
  private readonly wanted: DoneSet;
  /** By table id; null = no mapping covers it. */
  private readonly byId = new Map<number, CountedTable | null>();
  private readonly tables = new Map<string, CountedTable>();
  private isCounting = false;
  private transactions = 0;
  private bytes = 0;
  private statements = 0;
  private firstMs: number | null = null;
  private lastMs: number | null = null;

  constructor(private readonly piece: LogPiece & { readonly matcher: MappingMatcher }) {
    this.seen = parseDone(piece.from);
    this.wanted = parseDone(piece.until);
  }

  survey(isComplete: boolean): LogSurvey {
    const { transactions, bytes, statements, firstMs, lastMs } = this;
    const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
    const tables = [...this.tables.values()].filter(({ events }) => events > 0).sort((a, b) => b.bytes - a.bytes);
    return {
      ...{ transactions, bytes, tables, statements },
      ...{ firstCommitAt: isoOf(firstMs), lastCommitAt: isoOf(lastMs), isComplete },
    };
  }

  readonly take = (event: FramedEvent, at: ScanPosition): 'go on' | 'stop' => {
    if (event.kind === 'piece' || event.kind === 'end') return 'go on';
    const what = classifyEvent(event);
    if (what === 'gtid' && this.begin(event, at) === 'stop') return 'stop';
    if (this.isCounting) this.count(event, what);
    return 'go on';
  };

  private begin(event: FramedEvent, at: ScanPosition): 'go on' | 'stop' {
    const { gtid, commitMs } = readGtidEvent(event);
    const { until } = this.piece;
    if (until.kind === 'file') this.isCounting = compareFilePlaces({ file: at.file, offset: at.start }, until) < 0;
    else this.isCounting = gtid !== null && this.wanted.contains(gtid);
    if (until.kind === 'file') {
      if (!this.isCounting) return 'stop';
    } else if ((!this.isCounting || this.transactions % ASKED_EVERY === 0) && coversDone(this.seen.toDone(), until)) {
      this.isCounting = false;
      return 'stop';
    }
    if (!this.isCounting) return 'go on';
    if (until.kind !== 'file' && gtid !== null) this.seen.add(gtid);
    this.transactions += 1;
    this.firstMs ??= commitMs;
    this.lastMs = commitMs;
    return 'go on';
  }

  private count(event: FramedEvent, what: EventClass): void {
    this.bytes += event.fileBytes;
    if (what === 'tableMap') this.byId.set(readTableId(event), this.tableOf(event));
    else if (what === 'rows') {
      const table = this.byId.get(readTableId(event));
      if (table === undefined || table === null) return;
      table.events += 1;
      table.bytes += event.length;
    } else if (what === 'query' && !TRANSACTION_STATEMENT.test(readQuery(event).statement)) this.statements += 1;
  }

  private tableOf(event: FramedEvent): CountedTable | null {
    const { schema, table } = readTableName(event);
    if (this.piece.matcher.targetsOf(schema, table).length === 0) return null;
    const name = this.tables.size < TABLES_MAX ? `${schema}.${table}` : '*';
    if (!this.tables.has(name))
      this.tables.set(name, {
        ...(name === '*' ? { schema: '*', table: '*' } : { schema, table }),
        events: 0,
        bytes: 0,
      });
    return must(this.tables.get(name), 'it was put there');
  }
}

type CountedTable = { -readonly [Field in keyof SurveyedTable]: SurveyedTable[Field] };
