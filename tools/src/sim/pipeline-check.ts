import { SyncError } from '@lutra/model';
import type { Command, CursorState, LutraEvent, Permit, PipelineDefinition, RowImage } from '@lutra/model';
import type { QueuedProcess } from './nats-server.ts';
import { checkPermit } from './permit-rules.ts';
import { applyChange, initialState, isBefore, MONEY, pointOf, TABLES } from './source-log.ts';
import type { LogPoint, ShopState, SourceLog } from './source-log.ts';
import type { SqlRow } from './sql-expression.ts';
import type { RowWrite, TargetServer, TargetServerSession } from './target-server.ts';

const CHECKPOINT = 'lutra.checkpoint';

/** A rule of DESIGN §4 that did not hold. */
export class BrokenRule extends Error {}

/**
 * The invariants of one pipeline, looked at in the moment in which they could break:
 *
 * 1. At every commit the target equals the source at the place that the checkpoint tells: nothing lost, nothing ahead.
 * 2. A commit writes exactly the rows that the source changed between the old place and the new one: a change that is
 *    written a second time is one too many, even when it changes nothing.
 * 3. No rows and no place are committed by a session of an epoch below the highest that has claimed the target.
 * 4. The checkpoint's epoch only grows, one owner per epoch; its place never goes back; each move is one step, and only a
 *    transaction that was open for slices holds two moves.
 * 5. The cursor is never ahead of the target, and in one epoch it only grows.
 * 6. One process of one epoch has one author and one content.
 * 7. No more processes are on their way than the window holds.
 * 8. Permits are a path of the model in permit-rules.ts, and their epochs only grow (as long as ZooKeeper keeps its data).
 * 9. Every command comes to an outcome.
 * 10. In applyMode transactional no half transaction is visible at any commit: the place stands between two transactions, and
 *     the money of all accounts is what it was.
 * 11. What load says is loaded, or acknowledges, the target has committed; of an open transaction what is staged.
 */
export class PipelineCheck {
  /** Where the target stands; null before the origin. */
  at: LogPoint | null = null;
  permit: unknown = null;
  commits = 0;
  private expected: ShopState = initialState();
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
  ) {}

  /** Everything that the source has committed is in the target. */
  get isComplete(): boolean {
    return this.at !== null && this.at.done === this.parts.log.size && this.at.event === 0;
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
    const checkpoint = writes.find(({ table }) => table === CHECKPOINT);
    const rows = writes.filter(({ table }) => table !== CHECKPOINT);
    if (checkpoint === undefined) {
      if (rows.length > 0) this.broken('rows were committed without the checkpoint');
      return;
    }
    const { before, after, times } = checkpoint;
    if (after === null) throw this.broken('the checkpoint was removed');
    this.commits += 1;
    if (before === null) this.begin(after);
    else this.move(session, { before, after, rows, moves: times });
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
  private begin(after: SqlRow): void {
    this.at = placeIn(after);
    this.claimedEpoch = Number(after['epoch']);
    this.expected = initialState();
    this.advance({ done: 0, event: 0 }, this.at);
    for (const [index, { schema, table, columns }] of TABLES.entries()) {
      const store = this.parts.target.tables.get(`${schema}.${table}`);
      for (const image of this.expected[index]?.values() ?? []) {
        const row = Object.fromEntries(columns.map(({ name }, position) => [name, valueIn(image, position)]));
        if (store !== undefined) store.slot(store.keyOf(row)).committed = row;
      }
    }
  }

  private move(session: TargetServerSession, { before, after, rows, moves }: CheckpointWrite): void {
    const [from, to] = [placeIn(before), placeIn(after)];
    const [epochBefore, epochAfter] = [Number(before['epoch']), Number(after['epoch'])];
    if (epochAfter < epochBefore)
      this.broken(`the checkpoint's epoch went back from ${String(epochBefore)} to ${String(epochAfter)}`);
    if (epochAfter === epochBefore && before['owner'] !== after['owner'])
      this.broken(`epoch ${String(epochAfter)} has two owners`);
    const isMove = Number(after['step']) !== Number(before['step']);
    if ((isMove || rows.length > 0) && session.tag.epoch < this.claimedEpoch)
      this.broken(
        `a session of epoch ${String(session.tag.epoch)} wrote after epoch ${String(this.claimedEpoch)} had claimed the target`,
      );
    this.claimedEpoch = Math.max(this.claimedEpoch, epochAfter);
    if (isMove && (moves > 2 || Number(after['step']) !== Number(before['step']) + moves))
      this.broken(`the checkpoint went from step ${String(before['step'])} to ${String(after['step'])}`);
    if (isBefore(to, from)) this.broken(`the place went back from ${show(from)} to ${show(to)}`);
    if (isMove && this.wholeRevisions.has(Number(after['revision']))) this.expectWhole(to);
    if (to.done > this.parts.log.size) this.broken(`the place ${show(to)} is ahead of the source`);
    const touched = this.advance(from, to);
    this.at = to;
    if (touched.size > 0 || isBefore(from, to)) this.progressMs = this.parts.nowMs();
    this.compare(touched, rows);
  }

  private expectWhole(place: LogPoint): void {
    if (place.event > 0) this.broken(`half a transaction is visible at ${show(place)}`);
    const accounts = this.parts.target.tables.get(`${TABLES[0]?.schema ?? ''}.account`)?.slots.values() ?? [];
    let money = 0;
    for (const { committed } of accounts) money += Number(committed?.['balance'] ?? 0);
    if (money !== MONEY)
      this.broken(`the accounts hold ${String(money)} instead of ${String(MONEY)} at ${show(place)}`);
  }

  /** Brings what is expected from one place to the next; gives the rows that change. */
  private advance(from: LogPoint, to: LogPoint): ReadonlyMap<string, { readonly table: number; readonly id: number }> {
    const touched = new Map<string, { readonly table: number; readonly id: number }>();
    for (let number = from.done; number <= to.done; number += 1) {
      const changes = this.parts.log.transactions[number]?.changes ?? [];
      const first = number === from.done ? from.event : 0;
      for (const change of changes.slice(first, number === to.done ? to.event : undefined))
        for (const id of applyChange(this.expected, change))
          touched.set(`${String(change.table)}|${String(id)}`, { table: change.table, id });
    }
    return touched;
  }

  private compare(
    touched: ReadonlyMap<string, { readonly table: number; readonly id: number }>,
    rows: readonly RowWrite[],
  ): void {
    for (const { table, key } of rows) {
      const number = TABLES.findIndex((each) => `${each.schema}.${each.table}` === table);
      if (!touched.has(`${String(number)}|${key}`))
        this.broken(`row ${key} of ${table} was written although no change of it was due: applied twice`);
    }
    for (const { table, id } of touched.values()) {
      const definition = TABLES[table];
      const store = this.parts.target.tables.get(`${definition?.schema ?? ''}.${definition?.table ?? ''}`);
      const found = store?.slots.get(String(id))?.committed ?? null;
      const wanted = this.expected[table]?.get(id) ?? null;
      if (!isSame(found, wanted, definition?.columns.map(({ name }) => name) ?? []))
        this.broken(
          `row ${String(id)} of ${store?.name ?? ''} is ${JSON.stringify(found)}, the source has ${JSON.stringify(wanted)} at ${show(this.at)}`,
        );
    }
  }

  private broken(what: string): BrokenRule {
    throw new BrokenRule(`${this.pipelineId}: ${what}`);
  }
}

interface CheckpointWrite {
  readonly before: SqlRow;
  readonly after: SqlRow;
  readonly rows: readonly RowWrite[];
  readonly moves: number;
}

const idOf = ({ epoch, process }: QueuedProcess['header']): string => `${String(epoch)}.${String(process)}`;

const valueIn = (image: RowImage, position: number): number | null => {
  const value = image[position];
  if (value === null || typeof value === 'number') return value;
  throw new SyncError('INTERNAL', { problem: 'The shop holds numbers only' });
};

function isSame(found: SqlRow | null, wanted: RowImage | null, columns: readonly string[]): boolean {
  if (found === null || wanted === null) return found === wanted;
  return columns.every((name, position) => found[name] === wanted[position]);
}

function placeIn(row: SqlRow): LogPoint {
  const inside: unknown = row['inside'];
  return pointOf({
    done: JSON.parse(String(row['done'])) as Parameters<typeof pointOf>[0]['done'],
    inside: typeof inside === 'string' ? (JSON.parse(inside) as Parameters<typeof pointOf>[0]['inside']) : null,
  });
}

const show = (point: LogPoint | null): string =>
  point === null
    ? 'nothing'
    : `transaction ${String(point.done)}${point.event > 0 ? ` and ${String(point.event)} events` : ''}`;
