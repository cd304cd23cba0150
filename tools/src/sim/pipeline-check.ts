import { SyncError } from '@lutra/model';
import type { Command, CursorState, LutraEvent, Permit, PipelineDefinition, RowImage } from '@lutra/model';
import type { QueuedProcess } from './nats-server.ts';
import { checkPermit } from './permit-rules.ts';
import { LanesAtTarget } from './lanes-at-target.ts';
import type { LaneChange } from './lanes-at-target.ts';
import { LettersAtTarget, rowOf } from './letters-at-target.ts';
import { columnsOf, nameOf, RowHistory, tableName } from './row-history.ts';
import type { RowName } from './row-history.ts';
import { isBefore, pointOf } from './source-log.ts';
import type { LogPoint, SourceLog } from './source-log.ts';
import type { RowWrite, TargetServer, TargetServerSession } from './target-server.ts';

const [CHECKPOINT, LETTERS] = ['lutra.checkpoint', 'lutra.dead_letter'] as const;

/** A rule of DESIGN §4 that did not hold. */
export class BrokenRule extends Error {}

/**
 * The invariants of one pipeline, looked at in the moment in which they could break:
 *
 * 1. At every commit the target equals the source at the place that all lanes have reached, but for rows that a lane further
 *    on has written: these equal the source at that lane's place. Nothing lost, nothing ahead.
 * 2. A commit writes exactly the rows that the source changed up to the place that its lanes reach with it, and that nobody has
 *    written up to there: a change that is written a second time is one too many, even when it changes nothing.
 * 3. No rows and no place are committed by a session of an epoch below the highest that has claimed the target.
 * 4. The checkpoint's epoch only grows, one owner per epoch, all lanes under the same; a lane's place never goes back; each
 *    move is one step, and only a transaction that was open for slices holds two moves. Lanes come and go only when all stand
 *    at one place, and nothing else is written then.
 * 5. The cursor is never ahead of the target, and in one epoch it only grows.
 * 6. One process of one epoch has one author and one content.
 * 7. No more processes are on their way than the window holds.
 * 8. Permits are a path of the model in permit-rules.ts, and their epochs only grow (as long as ZooKeeper keeps its data).
 * 9. Every command comes to an outcome.
 * 10. In applyMode transactional no half transaction is visible at any commit: the place stands between two transactions, and
 *     the money of all accounts is what it was.
 * 12. A row that touches an unsettled dead letter is not written before it, and letters of one row are retried in order. The
 *     target equals the source but for rows with such letters; a change that was discarded is as if it had never come.
 * 11. What load says is loaded, or acknowledges, the target has committed; of an open transaction what is staged.
 */
export class PipelineCheck {
  /** What all lanes have reached; null before the origin. */
  at: LogPoint | null = null;
  permit: unknown = null;
  commits = 0;
  /** Those that moved a lane's place: a session that makes itself known does not. */
  moves = 0;
  /** Commits after which the lanes stood at different places. */
  unevenCommits = 0;
  /** Rows that a lane has written further than all have come may be written again, one change after the other. */
  mayRepeat = false;
  /** By the commit in hand. */
  private putAside: readonly RowName[] = [];
  readonly letters = new LettersAtTarget();
  private readonly lanes = new LanesAtTarget();
  private readonly history: RowHistory;
  /** Rows that a lane has written further than all lanes have come. */
  private readonly ahead = new Map<string, RowName & { readonly point: LogPoint }>();
  private claimedEpoch = 0;
  private readonly published = new Map<
    string,
    { readonly author: string; readonly end: LogPoint; readonly body: Uint8Array }
  >();
  private readonly open = new Map<string, LogPoint>();
  /** By epoch: the last process that load said it has staged. */
  private readonly staged = new Map<number, number>();
  /** How often a process was handed to load. */
  private readonly handed = new Map<string, number>();
  /** Revisions in which transactions stay whole. */
  private readonly wholeRevisions = new Set<number>();
  private readonly cursors = new Map<number, { readonly process: number; readonly at: LogPoint }>();
  private readonly commands = new Map<
    string,
    { readonly command: Command; readonly issuedMs: number; isDone: boolean }
  >();
  /** Virtual time of the newest commit that moved the place, ms. */
  progressMs = 0;

  constructor(
    readonly pipelineId: string,
    private readonly parts: {
      readonly log: SourceLog;
      readonly target: TargetServer;
      readonly nowMs: () => number;
      readonly parallelismMax: number;
    },
  ) {
    this.history = new RowHistory(parts.log);
  }

  /** Whether the lanes stand at different places. */
  get isUneven(): boolean {
    const { low, high } = this.lanes;
    return low !== null && high !== null && isBefore(low, high);
  }

  /** How many lanes there are. */
  get laneCount(): number {
    return this.lanes.all.length;
  }

  /** Everything that the source has committed is in the target. */
  get isComplete(): boolean {
    return this.at !== null && this.at.done === this.parts.log.size && this.at.event === 0;
  }

  /** The places of the lanes, for the trace. */
  describeLanes(): string {
    return this.lanes.all.map(({ point: { done, event } }) => `${String(done)}/${String(event)}`).join(' ');
  }

  defined({ parameters, revision }: PipelineDefinition): void {
    if (parameters.applyMode === 'transactional') this.wholeRevisions.add(revision);
  }

  transformed({ header }: QueuedProcess): void {
    const id = idOf(header);
    this.handed.set(id, (this.handed.get(id) ?? 0) + 1);
  }

  /** A repeat, or what a newer epoch or a lost permit has made worthless, is acknowledged without being written. */
  acknowledged({ header }: QueuedProcess, sentTimes: number): void {
    const { end, epoch } = header;
    const isWorthless = (this.permit as Permit | null)?.epoch !== epoch || this.claimedEpoch !== epoch;
    if (isWorthless || sentTimes > 1 || this.handed.get(idOf(header)) !== 1) return;
    if (this.wholeRevisions.has(header.revision) && end.inside !== null) return;
    this.expectCommitted(pointOf(end), `process ${idOf(header)} was acknowledged`);
  }

  /** An event of load. */
  told(event: LutraEvent): void {
    if (event.kind === 'loaded')
      this.expectCommitted(pointOf(event.end), `process ${String(event.process)} is told loaded`);
    if (event.kind === 'staged') this.stagedUpTo(event.epoch ?? 0, event.process ?? 0);
  }

  private stagedUpTo(epoch: number, process: number): void {
    this.staged.set(epoch, Math.max(process, this.staged.get(epoch) ?? 0));
  }

  private expectCommitted(point: LogPoint, what: string): void {
    if (this.at === null || isBefore(this.at, point))
      this.broken(`${what} at ${show(point)}, the target holds ${show(this.at)}`);
  }

  committed(session: TargetServerSession, writes: readonly RowWrite[]): void {
    const checkpoint = writes.filter(({ table }) => table === CHECKPOINT);
    const rows = writes.filter(({ table }) => !table.startsWith('lutra.'));
    const { added, settled, givenUp, problem } = this.letters.commit(writes);
    if (problem !== null) this.broken(problem);
    for (const each of givenUp) this.history.giveUp(each);
    if (checkpoint.length === 0) {
      if (rows.length > 0 || settled.length > 0) this.checkRetry(session, writes, settled);
      return;
    }
    this.putAside = added;
    const [from, changes] = [this.at, this.lanes.commit(checkpoint)];
    this.commits += 1;
    if (changes.some(({ before, after }) => before?.point.done !== after?.point.done)) this.moves += 1;
    if (this.lanes.low === null) throw this.broken('the checkpoint was removed');
    if (from === null) this.begin(this.lanes.low);
    else this.move(session, { from, changes, rows });
    if (this.isUneven) this.unevenCommits += 1;
  }

  /** A transaction of the desk: it holds the checkpoint without moving it, and settles letters of the rows that it writes. */
  private checkRetry(session: TargetServerSession, writes: readonly RowWrite[], settled: readonly RowName[]): void {
    if (!writes.some(({ table }) => table === LETTERS)) this.broken('rows were committed without the checkpoint');
    if (session.tag.epoch < this.claimedEpoch) this.broken('a letter was retried by an epoch that is over');
    for (const row of [...writes.map(rowOf), ...settled]) {
      const point = this.ahead.get(nameOf(row))?.point ?? this.at;
      if (row.table >= 0 && point !== null) this.compare(row, point);
    }
  }

  /** All rows, at the end. */
  compareAll(): void {
    const { at } = this;
    if (at !== null) for (const row of this.history.changedIn({ done: 0, event: 0 }, at)) this.compare(row, at);
  }

  cursorPut(cursor: CursorState): void {
    if (cursor.state !== 'place') return;
    const { epoch, place, process } = cursor;
    const point = pointOf(place);
    this.expectCommitted(point, 'the cursor stands');
    if (cursor.staged !== undefined) this.stagedUpTo(epoch, cursor.staged);
    const known = this.cursors.get(epoch);
    if (known !== undefined && (process < known.process || isBefore(point, known.at)))
      this.broken(
        `the cursor of epoch ${String(epoch)} went back from process ${String(known.process)} to ${String(process)}`,
      );
    this.cursors.set(epoch, { process, at: point });
  }

  selected({ header, body }: QueuedProcess, author: string): void {
    const { epoch } = header;
    const id = idOf(header);
    const end = pointOf(header.end);
    const known = this.published.get(id);
    if (known === undefined) {
      this.published.set(id, { author, end, body });
      this.open.set(id, end);
    } else if (known.author !== author) this.broken(`process ${id} has two authors: ${known.author} and ${author}`);
    else if (Buffer.compare(known.body, body) !== 0) this.broken(`process ${id} has two contents`);
    let inFlight = 0;
    for (const [other, otherEnd] of this.open)
      if (this.at !== null && !isBefore(this.at, otherEnd)) this.open.delete(other);
      else if (other.startsWith(`${String(epoch)}.`) && Number(other.split('.')[1]) > (this.staged.get(epoch) ?? 0))
        inFlight += 1;
    if (inFlight > this.parts.parallelismMax)
      this.broken(
        `${String(inFlight)} processes of epoch ${String(epoch)} are on their way, the window holds ${String(this.parts.parallelismMax)}`,
      );
  }

  commandIssued(command: Command): void {
    if (!this.commands.has(command.id))
      this.commands.set(command.id, { command, issuedMs: this.parts.nowMs(), isDone: false });
  }

  commandDone(commandId: string): void {
    const known = this.commands.get(commandId);
    if (known !== undefined) known.isDone = true;
  }

  /** Commands that were issued in this span and had no outcome. */
  openCommands(fromMs: number, untilMs: number): readonly Command[] {
    return [...this.commands.values()]
      .filter(({ isDone, issuedMs }) => !isDone && issuedMs > fromMs && issuedMs < untilMs)
      .map(({ command }) => command);
  }

  permitWritten(data: Buffer | null): void {
    const next: unknown = data === null ? null : JSON.parse(data.toString('utf8'));
    const problem = checkPermit(this.permit, next, (id) => this.commands.get(id)?.command ?? null);
    this.overtake(this.permit as Permit | null, next as Permit | null);
    this.permit = next;
    if (problem !== null) this.broken(`${problem}: ${JSON.stringify(next)}`);
  }

  /** ZooKeeper has lost its data: the next permit is a first one again, and epochs that nobody can load in come again. */
  permitLost(): void {
    this.permit = null;
    this.published.clear();
    this.open.clear();
    this.cursors.clear();
    this.staged.clear();
    this.handed.clear();
  }

  /** A command that waits for its window is over when the permit goes to another one: an arbiter may die before it says so. */
  private overtake(before: Permit | null, next: Permit | null): void {
    if (before?.draining !== true || before.pending === undefined) return;
    if (next?.draining !== true || next.pending?.id !== before.pending.id) this.commandDone(before.pending.id);
  }

  /** The operator has copied the source at the origin to the target, as a dump would. */
  private begin(at: LogPoint): void {
    this.at = at;
    this.claimedEpoch = this.lanes.all[0]?.epoch ?? 0;
    for (const { table, image } of this.history.rowsAt(at)) {
      const store = this.parts.target.tables.get(tableName(table));
      const row = Object.fromEntries(columnsOf(table).map((name, position) => [name, valueIn(image, position)]));
      if (store !== undefined) store.slot(store.keyOf(row)).committed = row;
    }
  }

  private move(session: TargetServerSession, { from, changes, rows }: Commit): void {
    const low = this.lanes.low ?? from;
    const isMove = changes.some(({ before, after }) => before?.step !== after?.step);
    for (const change of changes) this.checkLane(change);
    const [one] = this.lanes.all;
    if (this.lanes.all.some(({ epoch, owner }) => epoch !== one?.epoch || owner !== one.owner))
      this.broken('lanes stand under several epochs or owners');
    if ((isMove || rows.length > 0) && session.tag.epoch < this.claimedEpoch)
      this.broken(
        `a session of epoch ${String(session.tag.epoch)} wrote after epoch ${String(this.claimedEpoch)} had claimed the target`,
      );
    this.claimedEpoch = Math.max(this.claimedEpoch, one?.epoch ?? 0);
    if (changes.some(({ before, after }) => before === null || after === null)) this.checkRelane(changes, rows);
    const reached = this.reachedBy(changes);
    if (reached !== null && reached.done > this.parts.log.size)
      this.broken(`the place ${show(reached)} is ahead of the source`);
    this.at = low;
    if (reached !== null) this.progressMs = this.parts.nowMs();
    this.compareWritten(rows, from, reached);
    if (reached !== null) for (const row of this.putAside) this.ahead.set(nameOf(row), { ...row, point: reached });
    this.compareReached(from, low);
    const isWhole = changes.some(({ after }) => after !== null && this.wholeRevisions.has(after.revision));
    if (isMove && isWhole && !this.isUneven && this.letters.unsettled === 0) this.expectWhole(low);
  }

  private checkLane({ lane, before, after, times }: LaneChange): void {
    if (before === null || after === null) return;
    if (after.epoch < before.epoch)
      this.broken(`the epoch of lane ${lane} went back from ${String(before.epoch)} to ${String(after.epoch)}`);
    if (after.epoch === before.epoch && after.owner !== before.owner)
      this.broken(`epoch ${String(after.epoch)} has two owners`);
    if (after.step !== before.step && (times > 2 || after.step !== before.step + times))
      this.broken(`lane ${lane} went from step ${String(before.step)} to ${String(after.step)}`);
    if (isBefore(after.point, before.point))
      this.broken(`the place of lane ${lane} went back from ${show(before.point)} to ${show(after.point)}`);
  }

  /** Lanes come and go. */
  private checkRelane(changes: readonly LaneChange[], rows: readonly RowWrite[]): void {
    const points = changes.flatMap(({ before, after }) => [before, after]).flatMap((each) => each?.point ?? []);
    const [first] = points;
    if (first === undefined) return;
    const all = [...points, ...this.lanes.all.map(({ point }) => point)];
    if (all.some((point) => isBefore(point, first) || isBefore(first, point)))
      this.broken('lanes came or went while they stood at different places');
    if (rows.length > 0) this.broken('rows were written in the transaction that changes the lanes');
  }

  /** The place that the lanes which got on have reached; null when none did. */
  private reachedBy(changes: readonly LaneChange[]): LogPoint | null {
    let reached: LogPoint | null = null;
    for (const { before, after } of changes) {
      if (before === null || after === null || !isBefore(before.point, after.point)) continue;
      if (reached !== null && (isBefore(reached, after.point) || isBefore(after.point, reached)))
        this.broken(`one transaction moved lanes to ${show(reached)} and ${show(after.point)}`);
      reached = after.point;
    }
    return reached;
  }

  private expectWhole(place: LogPoint): void {
    if (place.event > 0) this.broken(`half a transaction is visible at ${show(place)}`);
    const accounts = this.parts.target.tables.get(tableName(0))?.slots.values() ?? [];
    let money = 0;
    for (const { committed } of accounts) money += Number(committed?.['balance'] ?? 0);
    const wanted = this.history.moneyAt(place);
    if (wanted !== null && money !== wanted)
      this.broken(`the accounts hold ${String(money)} instead of ${String(wanted)} at ${show(place)}`);
  }

  /** Every row that was written had a change behind what had been written of it, and is now as the source at that place. */
  private compareWritten(rows: readonly RowWrite[], from: LogPoint, reached: LogPoint | null): void {
    for (const write of rows) {
      const row = rowOf(write);
      const ahead = this.ahead.get(nameOf(row))?.point;
      if (this.mayRepeat && reached !== null && ahead !== undefined && isBefore(reached, ahead)) continue;
      const known = this.mayRepeat ? from : (ahead ?? from);
      if (reached === null || !this.history.changesIn(row, known, reached))
        throw this.broken(
          `row ${write.key} of ${write.table} was written although no change of it was due: applied twice`,
        );
      this.ahead.set(nameOf(row), { ...row, point: reached });
      this.compare(row, reached);
    }
  }

  /** Every row that changed up to what all lanes have reached is there, as it was then or as a lane further on wrote it. */
  private compareReached(from: LogPoint, low: LogPoint): void {
    for (const row of this.history.changedIn(from, low)) {
      const ahead = this.ahead.get(nameOf(row))?.point;
      // What is behind comes again first: the row is compared when all of it has come.
      if (this.mayRepeat && ahead !== undefined && isBefore(low, ahead)) continue;
      this.compare(row, ahead === undefined || isBefore(ahead, low) ? low : ahead);
    }
    for (const [name, { point }] of this.ahead) if (!isBefore(low, point)) this.ahead.delete(name);
  }

  private compare(row: RowName, point: LogPoint): void {
    if (this.letters.isHeld(row)) return;
    const found = this.parts.target.tables.get(tableName(row.table))?.slots.get(String(row.id))?.committed ?? null;
    const missed = this.history.missed(row, point, found);
    if (missed !== null)
      this.broken(
        `row ${nameOf(row)} of ${tableName(row.table)} is ${JSON.stringify(found)}, to be ${missed} at ${show(point)}`,
      );
  }

  private broken(what: string): BrokenRule {
    throw new BrokenRule(`${this.pipelineId}: ${what}`);
  }
}

interface Commit {
  /** What all lanes had reached before. */
  readonly from: LogPoint;
  readonly changes: readonly LaneChange[];
  readonly rows: readonly RowWrite[];
}

const idOf = ({ epoch, process }: QueuedProcess['header']): string => `${String(epoch)}.${String(process)}`;

const valueIn = (image: RowImage, position: number): number | null => {
  const value = image[position];
  if (value === null || typeof value === 'number') return value;
  throw new SyncError('INTERNAL', { problem: 'The shop holds numbers only' });
};

const show = (point: LogPoint | null): string =>
  point === null
    ? 'nothing'
    : `transaction ${String(point.done)}${point.event > 0 ? ` and ${String(point.event)} events` : ''}`;
