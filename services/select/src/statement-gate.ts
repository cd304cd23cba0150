import assert from 'node:assert/strict';
import { readQuerySettings } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import type { DatabaseKind, SourceStatement, TransactionHeader } from '@lutra/model';
import { LogPosition } from './log-position.ts';
import type { TravellingStatement } from './statement-judge.ts';
import type { TransactionTracker } from './transaction-tracker.ts';

/** A schema statement as the only content of a process. */
export interface BuiltStatement {
  readonly transaction: TransactionHeader;
  readonly statement: SourceStatement;
}

/**
 * Keeps a schema statement apart: it waits in front of its event until everything before it is loaded, and is then the only
 * thing in its process. `next`: it waits; `admitted`: it may be taken; `taken`: it is in the process.
 */
export class StatementGate {
  private state: 'none' | 'next' | 'admitted' | 'taken' = 'none';
  private built: BuiltStatement | null = null;

  constructor(
    private readonly tracker: TransactionTracker,
    private readonly flavour: DatabaseKind,
  ) {}

  get isNext(): boolean {
    return this.state === 'next';
  }

  get isFilled(): boolean {
    return this.built !== null;
  }

  /** Everything before the statement is loaded. */
  admit(): void {
    assert(this.state === 'next', 'a statement waits');
    this.state = 'admitted';
  }

  /** False when the statement has to wait: its event is not consumed. */
  pass(): boolean {
    if (this.state === 'admitted') return true;
    this.state = 'next';
    return false;
  }

  /** As DoneSet names the event's transaction; without GTID by the end of the statement. */
  transactionOf(event: FramedEvent): string {
    const { current, position, isByFile } = this.tracker;
    if (current !== null && !isByFile) return current.gtid;
    const behind = new LogPosition(position.file, position.offset);
    behind.advance(event);
    return behind.toString();
  }

  /** Not what the place says is done, nor the phases of an ALTER that decide nothing or take it back. */
  isWanted(): boolean {
    const { current } = this.tracker;
    if (current === null) return true;
    const isUndecided = current.alterPhase === 'start' || current.alterPhase === 'rollback';
    return !current.isDone && !current.isContinued && !isUndecided;
  }

  take(
    event: FramedEvent,
    statement: { readonly schema: string; readonly text: string; readonly travels: TravellingStatement },
  ): void {
    const { travels, text, schema } = statement;
    const { current, newest } = this.tracker;
    const isLast = current?.isSingleStatement !== false;
    const { seq, commitMs } = current ?? newest;
    const transaction = { seq, gtid: this.transactionOf(event), firstEvent: 0, commitMs, isLast };
    const settings = readQuerySettings(event, this.flavour);
    this.built = { transaction, statement: { ...travels, text, schema, flavour: this.flavour, ...settings } };
    this.state = 'taken';
  }

  /** What the process holds, for its end. Rows of the same transaction (CREATE TABLE … SELECT) stand behind it. */
  release(): BuiltStatement | null {
    const { built } = this;
    const { current } = this.tracker;
    if (built !== null && current !== null) current.isContinued = true;
    this.built = null;
    if (this.state === 'taken') this.state = 'none';
    return built;
  }
}
