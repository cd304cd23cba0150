import { compileMappings, containsTransaction, must, SyncError } from '@lutra/model';
import type { Bell, LoadedEvent, PipelineDefinition, Place, WindowEvent, WarningCode } from '@lutra/model';
import type { PipelineSession, ProcessRouter, ServiceContext } from '@lutra/service-kit';
import { followCursor } from './agree-on-place.ts';
import { ProcessBuilder } from './process-builder.ts';
import type { BuilderLimits, Undone } from './built-process.ts';
import { LeftOutTables } from './left-out-tables.ts';
import { NeededFiles } from './needed-log.ts';
import { PreparedTransactions } from './prepared-transactions.ts';
import { ProcessPublisher } from './process-publisher.ts';
import { Reconnect } from './reconnect.ts';
import { publishQuietly } from './report-window.ts';
import { RowSizeEstimate } from './row-size-estimate.ts';
import type { EventRange } from './savepoints.ts';
import type { SelectStatus } from './select-status.ts';
import type { SourceReader } from './source-reader.ts';
import { StatementWait } from './statement-wait.ts';
import { StatementJudge } from './statement-judge.ts';
import { TableFilter } from './table-filter.ts';
import { TableSchemas } from './table-schemas.ts';
import { closeAfterMs, ProcessWindow } from './window.ts';
import type { NeededLog } from './warn-of-purge.ts';
import { XaReplay } from './xa-replay.ts';

/** A window that stays full for so long gives the server its connection back; the log is read again from the place. */
const FULL_CLOSE_MS = 30_000;
const REWATCH_MS = 1_000;
/** Longest sleep of the loop: liveness and limits of time are looked at in between. */
const TICK_MS = 250;
/** A rows event that is larger than its server's usual size holds one row: before and after image of an update. */
const IMAGES_PER_EVENT = 2;

/** The select stage of one pipeline in one epoch, from the agreed place until the session ends. */
export class SelectEpoch {
  private readonly bell: Bell;
  private readonly window = new ProcessWindow();
  private readonly rowSize = new RowSizeEstimate();
  private readonly publisher: ProcessPublisher;
  private readonly prepared = new PreparedTransactions();
  private readonly replay: XaReplay;
  /** Rows events that their own transaction undoes, by its name: known once it was read to its end. */
  private readonly undone = new Map<string, readonly EventRange[]>();
  private readonly files = new NeededFiles();
  private readonly leftOut = new LeftOutTables();
  private readonly schemas: TableSchemas;
  private builder: ProcessBuilder | null = null;
  private filter: TableFilter | null = null;
  private judge: StatementJudge | null = null;
  /** Where the last published process ends, and the number of its last transaction: a broken dump goes on from here. */
  private published: { readonly place: Place; readonly seq: number };
  private definition: PipelineDefinition;
  private limits: BuilderLimits;
  /** Monotonic ms; null = not now. */
  private waitingSinceMs: number | null = null;
  private fullSinceMs: number | null = null;
  private readonly statements = new StatementWait(this.window);
  private publishedMs: number;
  private readonly reconnect: Reconnect;

  constructor(
    private readonly context: Pick<ServiceContext, 'bus' | 'clock' | 'identity'>,
    private readonly session: PipelineSession,
    private readonly options: {
      readonly place: Place;
      readonly maxRowBytes: number;
      readonly reader: SourceReader;
      readonly status: SelectStatus;
      readonly bell: Bell;
      readonly router: ProcessRouter;
    },
  ) {
    this.bell = options.bell;
    this.published = { place: options.place, seq: 0 };
    this.definition = session.latestDefinition();
    this.limits = this.limitsNow();
    this.publishedMs = context.clock.monotonicMs();
    this.publisher = new ProcessPublisher(context, session, options.router, (cause) => {
      options.status.cause = cause;
    });
    const { reader } = options;
    // At once, not from the next process on: there is none while the source is away.
    const retryInPlaceMs = () => session.latestDefinition().parameters.retryInPlaceMs;
    this.reconnect = new Reconnect({ clock: context.clock, reader, retryInPlaceMs });
    const current = () => reader.current();
    this.schemas = new TableSchemas({ bus: context.bus, session, status: options.status, current });
    this.replay = new XaReplay({
      source: current,
      signal: session.signal,
      onSearch: (cause) => {
        options.status.cause = cause;
      },
    });
  }

  /** What is published and not loaded, for reports. */
  describeWindow(): WindowEvent['open'] {
    return this.window.describe(this.context.clock.monotonicMs());
  }

  describeStaged(): NonNullable<WindowEvent['staged']> | null {
    return this.window.describeStaged(this.context.clock.monotonicMs());
  }

  /** The oldest log that is needed still; null while it is not known. */
  neededLog(): NeededLog | null {
    const { builder } = this;
    const isCaughtUp = builder !== null && builder.isAtBorder && !builder.hasProgress && this.window.isLoaded;
    return this.files.needed({
      caughtUpAt: isCaughtUp ? builder.tracker.position : null,
      prepared: this.prepared.places(),
      nowMs: this.options.reader.sourceNowMs(),
    });
  }

  /** Runs until the session's signal aborts. Throws what ends the epoch. */
  async run(): Promise<void> {
    const { session, context } = this;
    const over = new AbortController();
    const signal = AbortSignal.any([session.signal, over.signal]);
    const following = [
      this.followLoaded(signal),
      followCursor(context, session, signal, (cursor) => {
        if (cursor.state !== 'place') return;
        this.loaded(cursor.process);
        if (cursor.staged !== undefined) this.staged(cursor.staged);
      }),
    ];
    try {
      while (!session.signal.aborted) await this.turn();
    } catch (error) {
      if (!session.signal.aborted) throw error;
    } finally {
      over.abort();
      this.options.reader.close();
      this.replay.close();
      await this.schemas.end();
      // Parts of a body that nobody will ask for: they go by age when this fails.
      await this.publisher.drop().catch(() => undefined);
      await Promise.all(following);
    }
  }

  /** One look at everything; waits when there is nothing to do. */
  private async turn(): Promise<void> {
    const { session, bell } = this;
    let isBusy = false;
    try {
      if (session.draining.aborted) await this.drainWindow();
      else isBusy = await this.step();
    } catch (error) {
      await this.repairOrThrow(SyncError.of(error));
      return;
    }
    if (!isBusy) await bell.wait(this.napMs(), session.signal);
  }

  /** Reads one batch and publishes at most one process. False when there was nothing to do. */
  private async step(): Promise<boolean> {
    const { reader, status } = this.options;
    if (!reader.isOpen && !(await this.openDump())) return false;
    const builder = must(this.builder, 'a dump is open');
    this.statements.look(builder);
    if (builder.isTableWanted && builder.stop === null) builder.stop = await this.schemas.resolve();
    const isReplaying = builder.xaWanted !== null && !builder.mustClose && builder.stop === null;
    const canRead = builder.canConsume && !this.statements.isOut;
    const hasRead = isReplaying || (canRead && reader.read());
    status.looked(canRead && !hasRead, this.context.clock.monotonicMs());
    if (isReplaying) await this.replay.step(builder);
    else if (hasRead) await this.consume(builder);
    if (hasRead) await this.look(builder);
    if (builder.undone !== null) return this.readAgain(builder.undone);
    if (this.statements.waitedMs(builder, this.context.clock.monotonicMs()) > FULL_CLOSE_MS) {
      await this.dropDump(this.statements.cause);
      return false;
    }
    const hasPublished = this.isDue(builder) && (await this.publishIfRoom(builder));
    // Inside a transaction what is staged of it never becomes loaded: nobody waits for that.
    const isSettled = builder.isAtBorder ? this.window.isLoaded : this.window.size === 0;
    if (builder.stop !== null && !builder.hasProgress && isSettled) throw builder.stop;
    return hasRead || hasPublished;
  }

  private async consume(builder: ProcessBuilder): Promise<void> {
    const { reader, status } = this.options;
    const batch = must(reader.batch, 'something was read');
    const from = batch.next;
    batch.next = builder.consume(batch.events, from);
    if (batch.next === batch.events.length) reader.batch = null;
    status.eventsRead += batch.next - from;
    status.bytesRead = reader.bytesRead;
    status.sawTransaction(builder.newest, this.context.clock.monotonicMs());
    status.sawHeartbeats(builder.tracker.beatsAtOnePlace);
    this.files.begins(builder.tracker.position);
  }

  /** After rows may have come. */
  private async look(builder: ProcessBuilder): Promise<void> {
    if (builder.hasRows) this.waitingSinceMs ??= this.context.clock.monotonicMs();
    await this.publisher.drain();
    for (const warning of [...builder.takeWarnings(), ...this.leftOut.take()]) await this.warn(warning);
  }

  /** A transaction took back rows of its own that were kept: reads it again, without them. */
  private async readAgain({ gtid, ranges }: Undone): Promise<true> {
    this.undone.set(gtid, ranges);
    this.session.log.info({ gtid, ranges: ranges.length }, 'transaction rolled back in part is read again');
    await this.dropDump(null);
    return true;
  }

  /** Whether the process that is being built has to be closed now, room permitting. */
  private isDue(builder: ProcessBuilder): boolean {
    if (!builder.canClose) return false;
    if (builder.mustClose || (builder.isStatementNext && builder.hasRows)) return true;
    if (builder.stop !== null && builder.hasProgress) return true;
    if (!builder.isAtBorder || !builder.hasProgress) return false;
    const nowMs = this.context.clock.monotonicMs();
    // Unmapped traffic moves the cursor too, now and then.
    if (!builder.hasRows) return nowMs - this.publishedMs >= this.definition.parameters.cursorMaxAgeMs;
    const waitMs = closeAfterMs(this.window, this.definition.parameters);
    return waitMs !== null && nowMs - (this.waitingSinceMs ?? nowMs) >= waitMs;
  }

  private async publishIfRoom(builder: ProcessBuilder): Promise<boolean> {
    const nowMs = this.context.clock.monotonicMs();
    if (!this.window.hasRoom(builder.sourceBytes, this.definition.parameters)) {
      this.fullSinceMs ??= nowMs;
      this.options.status.isWindowFull = true;
      if (nowMs - this.fullSinceMs > FULL_CLOSE_MS) await this.dropDump(null);
      return false;
    }
    const { reader, status } = this.options;
    status.isWindowFull = false;
    const bodyBytes = builder.bodyBytes;
    const serverUuid = must(reader.serverUuid, 'a dump is open');
    const built = builder.close();
    this.schemas.keep(built.end.done);
    const { isCaseFolded } = this.options.reader;
    await this.publisher.publish(built, { definition: this.definition, serverUuid, bodyBytes, isCaseFolded });
    this.published = { place: built.end, seq: built.seq };
    if (built.statement !== null) this.statements.sent();
    for (const xid of built.decidedXids) this.prepared.forget(xid);
    for (const gtid of this.undone.keys()) if (containsTransaction(built.end.done, gtid)) this.undone.delete(gtid);
    this.publishedMs = this.context.clock.monotonicMs();
    this.window.add(this.publisher.process - 1, built.sourceBytes, this.publishedMs);
    this.files.published(this.publisher.process - 1, builder.tracker.position, builder.newest.commitMs);
    this.waitingSinceMs = null;
    this.fullSinceMs = null;
    if (builder.isAtBorder) this.adoptRevision();
    this.limits = this.limitsNow();
    return true;
  }

  /** False while the window is full: a dump is opened when there is room for what it brings. */
  private async openDump(): Promise<boolean> {
    const { reader, status } = this.options;
    if (!this.window.hasRoom(0, this.definition.parameters)) return false;
    if (this.statements.look(null)) return false;
    status.isWindowFull = false;
    status.phase = 'connecting';
    await reader.open(this.published.place);
    status.address = reader.addressText;
    status.addressReason = reader.addressReason;
    await this.schemas.begin(this.published.place.done);
    this.adoptRevision();
    this.builder = this.newBuilder();
    this.fullSinceMs = null;
    this.waitingSinceMs = null;
    status.phase = 'seeking';
    status.cause = null;
    this.reconnect.opened();
    this.session.log.info({ place: this.published.place, process: this.publisher.process }, 'reading the source');
    return true;
  }

  private newBuilder(): ProcessBuilder {
    const { reader } = this.options;
    const matcher = compileMappings(this.definition.mappings, reader);
    const filter = new TableFilter(matcher, this.schemas.openOf, this.leftOut);
    this.filter = filter;
    this.judge = new StatementJudge(this.definition, matcher, reader);
    return new ProcessBuilder({
      start: {
        ...this.published,
        serverUuid: must(reader.serverUuid, 'a dump is open'),
        // MariaDB tells whole seconds: the latest moment of that second that is not in the future.
        undone: this.undone,
        commitMsOf: (eventMs) => Math.min(eventMs + 999, Math.max(eventMs, reader.sourceNowMs())),
      },
      filter,
      schemas: this.schemas,
      judge: (statement, schema, transaction) =>
        must(this.judge, 'set with the builder').judge(statement, schema, transaction),
      flavour: this.definition.source.kind,
      limits: () => this.limits,
      revision: () => this.definition.revision,
      prepared: this.prepared,
      openSink: () => this.publisher.open(),
    });
  }

  /** A newer revision holds from the next process on. */
  private adoptRevision(): void {
    const latest = this.session.latestDefinition();
    if (latest.revision === this.definition.revision) return;
    this.definition = latest;
    const { reader } = this.options;
    const matcher = compileMappings(latest.mappings, reader);
    this.filter?.adopt(matcher);
    this.judge = new StatementJudge(latest, matcher, reader);
    this.session.log.info({ revision: latest.revision }, 'revision adopted');
  }

  /** PAUSE or STOP: closes what ends with a transaction, reads no more, waits for load. */
  private async drainWindow(): Promise<void> {
    const { reader, status } = this.options;
    const { builder } = this;
    if (reader.isOpen && builder?.isAtBorder === true && builder.hasProgress) {
      if (!(await this.publishIfRoom(builder))) return;
    }
    if (reader.isOpen || builder !== null) await this.dropDump(null);
    if (this.window.size === 0 && status.phase !== 'drained') {
      status.phase = 'drained';
      this.session.log.info('window is empty');
    }
  }

  private async dropDump(cause: string | null): Promise<void> {
    const { reader, status } = this.options;
    reader.close();
    this.replay.close();
    this.builder = null;
    this.waitingSinceMs = null;
    this.fullSinceMs = null;
    status.phase = 'connecting';
    status.cause = cause;
    status.looked(false, this.context.clock.monotonicMs());
    await this.publisher.drop();
  }

  /** A broken connection is made again where the last published process ends; what was half built is dropped. */
  private async repairOrThrow(error: SyncError): Promise<void> {
    const waitMs = await this.reconnect.pause(error, this.published.place);
    this.session.log.warn({ err: error, code: error.code, waitMs }, 'source connection lost');
    await this.dropDump(error.message);
    await this.context.clock.sleep(waitMs, this.session.signal);
  }

  private loaded(process: number): void {
    this.files.loaded(process);
    if (this.window.loadedUpTo(process, this.context.clock.monotonicMs())) this.bell.ring();
  }

  private staged(process: number): void {
    if (this.window.stagedUpTo(process, this.context.clock.monotonicMs())) this.bell.ring();
  }

  /** `loaded` and `staged` events are cumulative, and the cursor repeats them: a lost one heals. */
  private async followLoaded(signal: AbortSignal): Promise<void> {
    const { bus, clock } = this.context;
    const { pipelineId, epoch } = this.session;
    while (!signal.aborted) {
      try {
        for await (const event of bus.followEvents({ pipelineId, kinds: ['loaded', 'staged'] }, signal)) {
          if (event.epoch !== epoch) continue;
          if (event.kind === 'loaded') this.learn(event);
          else if (event.kind === 'staged') this.staged(must(event.process, 'a staged event names its process'));
        }
      } catch (error) {
        if (!signal.aborted) this.session.log.warn({ err: error }, 'events cannot be followed');
      }
      await clock.sleep(REWATCH_MS, signal);
    }
  }

  private learn(event: LoadedEvent): void {
    const rows = event.inserted + event.updated + event.deleted + event.skipped;
    this.rowSize.learn({ sourceBytes: event.sourceBytes, rows });
    this.loaded(must(event.process, 'a loaded event names its process'));
  }

  private async warn(warning: { readonly code: WarningCode; readonly message: string }): Promise<void> {
    this.session.log.warn(warning, 'noticed at the source');
    await publishQuietly(this.context, this.session, { kind: 'warning', ...warning });
  }

  private limitsNow(): BuilderLimits {
    const { maxRows, maxBytes } = this.definition.parameters;
    const eventBytesMax = this.options.maxRowBytes * IMAGES_PER_EVENT;
    return { maxRows, maxBytes, bytesPerRow: this.rowSize.bytesPerRow, eventBytesMax };
  }

  private napMs(): number {
    const waitMs = this.builder?.hasRows === true ? closeAfterMs(this.window, this.definition.parameters) : null;
    return Math.max(1, Math.min(TICK_MS, waitMs ?? TICK_MS));
  }
}
