import { RowProcessEncoder } from '@lutra/messaging';
import { Bell, SyncError } from '@lutra/model';
import type { PipelineDefinition, RowTransaction } from '@lutra/model';
import {
  agreeOnPlace,
  closeAfterMs,
  followCursor,
  ProcessPublisher,
  ProcessWindow,
  reportWindow,
  SelectStatus,
} from '@lutra/select/simulation';
import type { PipelineSession, ProcessRouter, ServiceContext } from '@lutra/service-kit';
import { placeOf, pointOf, SOURCE_UUID, TABLES } from './source-log.ts';
import type { LogPoint, SourceLog } from './source-log.ts';

const TICK_MS = 250;
const REWATCH_MS = 1_000;

/** What is read and not published yet. */
interface Draft {
  readonly transactions: readonly RowTransaction[];
  readonly end: LogPoint;
  readonly rows: number;
  /** Nothing more fits. */
  readonly isFull: boolean;
}

type SelectContext = Pick<ServiceContext, 'bus' | 'clock' | 'identity'>;

/**
 * One epoch of select on a {@link SourceLog}. Everything but the loop below is the real code; the loop keeps the rules of
 * SelectEpoch (services/select), which itself reads binlog events: processes end at the border of a transaction or, when one
 * is too large, between two rows events; a process is published when it is due and the window has room; PAUSE and STOP let
 * the window empty; a newer revision holds from the next border on.
 */
export class SimSelectEpoch {
  private readonly window = new ProcessWindow();
  private readonly status = new SelectStatus();
  private readonly bell: Bell;
  private readonly publisher: ProcessPublisher;
  private definition: PipelineDefinition;
  private at: LogPoint = { done: 0, event: 0 };
  private waitingSinceMs: number | null = null;
  private publishedMs = 0;

  constructor(
    private readonly context: SelectContext,
    private readonly session: PipelineSession,
    private readonly log: SourceLog,
    options: { readonly router: ProcessRouter; readonly wakeLater: (wake: () => void) => void },
  ) {
    this.bell = new Bell(context.clock);
    this.definition = session.latestDefinition();
    this.publisher = new ProcessPublisher(context, session, options.router, (cause) => {
      this.status.cause = cause;
    });
    this.wakeLater = options.wakeLater;
  }

  private readonly wakeLater: (wake: () => void) => void;

  async run(): Promise<void> {
    const { context, session } = this;
    const over = new AbortController();
    const signal = AbortSignal.any([session.signal, over.signal]);
    const view = {
      status: this.status,
      sourceNowMs: () => context.clock.now().getTime(),
      open: () => this.window.describe(context.clock.monotonicMs()),
      staged: () => this.window.describeStaged(context.clock.monotonicMs()),
    };
    const forget = this.log.onGrowth(() => {
      this.wakeLater(this.bell.ring);
    });
    const reporting = reportWindow(context, session, { view, signal });
    const following: Promise<void>[] = [];
    try {
      const place = await agreeOnPlace(context, session, async () => placeOf({ done: this.log.size, event: 0 }));
      if (place === null) return;
      this.at = pointOf(place);
      this.status.phase = 'reading';
      following.push(this.followLoaded(signal), this.followCursor(signal));
      while (!session.signal.aborted) await this.turn();
    } catch (error) {
      if (session.signal.aborted) return;
      this.status.phase = 'failed';
      this.status.cause = SyncError.of(error).message;
      throw error;
    } finally {
      over.abort();
      forget();
      await Promise.all([reporting, ...following]);
    }
  }

  private async turn(): Promise<void> {
    const { bell, session } = this;
    const draft = this.draft();
    const isHalting = session.draining.aborted;
    const hasPublished = !isHalting && this.isDue(draft) && this.hasRoom() && (await this.publish(draft));
    if (isHalting && this.window.size === 0) this.status.phase = 'drained';
    if (!hasPublished) await bell.wait(this.napMs(draft), session.signal);
  }

  /** The longest process from here on that keeps to the limits. */
  private draft(): Draft {
    const { maxRows } = this.definition.parameters;
    const transactions: RowTransaction[] = [];
    let end = this.at;
    let rows = 0;
    for (;;) {
      const next = this.log.transactions[end.done];
      if (next === undefined) return { transactions, end, rows, isFull: false };
      const left = next.changes.length - end.event;
      const isWhole = rows + left <= maxRows;
      if (!isWhole && rows > 0) return { transactions, end, rows, isFull: true };
      const changes = next.changes.slice(end.event, isWhole ? undefined : end.event + maxRows);
      transactions.push({ ...next, firstEvent: end.event, isLast: isWhole, changes });
      rows += changes.length;
      end = isWhole ? { done: end.done + 1, event: 0 } : { done: end.done, event: end.event + maxRows };
      if (!isWhole) return { transactions, end, rows, isFull: true };
    }
  }

  private isDue(draft: Draft): boolean {
    if (draft.rows === 0) return false;
    const nowMs = this.context.clock.monotonicMs();
    this.waitingSinceMs ??= nowMs;
    if (draft.isFull) return true;
    const waitMs = closeAfterMs(this.window, this.definition.parameters);
    return waitMs !== null && nowMs - this.waitingSinceMs >= waitMs;
  }

  private hasRoom(): boolean {
    const hasRoom = this.window.hasRoom(0, this.definition.parameters);
    this.status.isWindowFull = !hasRoom;
    return hasRoom;
  }

  private async publish({ transactions, end, rows }: Draft): Promise<true> {
    const { definition, publisher } = this;
    const writer = publisher.open();
    const bodyBytes = encode(transactions, writer);
    const complete = transactions.filter(({ isLast }) => isLast);
    const built = {
      end: placeOf(end),
      seq: end.done,
      transactionCount: complete.length,
      rowsEvents: rows,
      sourceBytes: bodyBytes,
      firstCommitMs: transactions[0]?.commitMs ?? 0,
      lastCommitMs: transactions.at(-1)?.commitMs ?? 0,
      statementsSkipped: 0,
      decidedXids: [],
      statement: null,
    };
    await publisher.publish(built, { definition, serverUuid: SOURCE_UUID, bodyBytes, isCaseFolded: false });
    this.at = end;
    this.publishedMs = this.context.clock.monotonicMs();
    this.window.add(publisher.process - 1, bodyBytes, this.publishedMs);
    this.waitingSinceMs = null;
    if (end.event === 0) this.definition = this.session.latestDefinition();
    return true;
  }

  private loaded(process: number): void {
    if (this.window.loadedUpTo(process, this.context.clock.monotonicMs())) this.bell.ring();
  }

  private staged(process: number): void {
    if (this.window.stagedUpTo(process, this.context.clock.monotonicMs())) this.bell.ring();
  }

  private followCursor(signal: AbortSignal): Promise<void> {
    return followCursor(this.context, this.session, signal, (cursor) => {
      if (cursor.state !== 'place') return;
      this.loaded(cursor.process);
      if (cursor.staged !== undefined) this.staged(cursor.staged);
    });
  }

  private async followLoaded(signal: AbortSignal): Promise<void> {
    const { bus, clock } = this.context;
    const { epoch, pipelineId } = this.session;
    while (!signal.aborted) {
      for await (const event of bus.followEvents({ pipelineId, kinds: ['loaded', 'staged'] }, signal)) {
        if (event.epoch !== epoch) continue;
        if (event.kind === 'loaded') this.loaded(event.process ?? 0);
        else this.staged(event.process ?? 0);
      }
      await clock.sleep(REWATCH_MS, signal);
    }
  }

  private napMs(draft: Draft): number {
    const waitMs = draft.rows > 0 ? closeAfterMs(this.window, this.definition.parameters) : null;
    return Math.max(1, Math.min(TICK_MS, waitMs ?? TICK_MS));
  }
}

/** The rows as extract and transform would leave them: the simulated ones pass them on. */
function encode(
  transactions: readonly RowTransaction[],
  sink: ConstructorParameters<typeof RowProcessEncoder>[0],
): number {
  const encoder = new RowProcessEncoder(sink);
  for (const table of TABLES) encoder.defineTable(table);
  for (const { changes, ...begin } of transactions) {
    encoder.beginTransaction(begin);
    for (const change of changes) encoder.change(change);
    encoder.endTransaction();
  }
  encoder.end();
  return encoder.bytes;
}
