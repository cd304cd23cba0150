import { EMPTY_FOLD, FOLD_FORM, foldPipeline } from '@lutra/model';
import type { Command, LutraEvent, Permit, PipelineFold } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';
import { untoldCommands } from './supervise.ts';

/** What is read of the log when the leadership is taken over: the newest of each kind that the fold keeps something of. */
const KINDS_READ = [
  ['snapshot', 1],
  ['permit-granted', 1],
  ['permit-revoked', 1],
  ['command-issued', 64],
  ['command-done', 64],
  ['window', 1],
  ['loaded', 1],
  ['blocked', 32],
  ['warning', 20],
  ['failed', 1],
] as const satisfies readonly (readonly [LutraEvent['kind'], number])[];
/** The log's retention is far longer: whatever it forgets is in a snapshot by then. */
const SNAPSHOT_EVERY_MS = 600_000;
/** Whoever carries a command out tells of it within milliseconds, unless it has ended. */
const UNTOLD_MS = 10_000;
const RETRY_MS = 30_000;

/**
 * What the event log tells of one pipeline, for the arbiter that leads it. Live events and what is read of the log may come
 * in any order. Writes snapshots, and tells of commands whose arbiter ended before it could.
 */
export class PipelineRecord {
  private folded: PipelineFold = EMPTY_FOLD;
  /** What the newest snapshot says, as JSON; null until the log was read. */
  private written: string | null = null;
  private snapshotDueMs = 0;
  private readDueMs = 0;
  /** When each of them was first seen, by the monotonic clock. */
  private untoldSince: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly parts: Pick<ArbiterParts, 'clock' | 'log'> & { readonly bus: Pick<Bus, 'readEvents'> },
    private readonly announcer: Pick<Announcer, 'command' | 'snapshot'>,
    private readonly pipelineId: string,
  ) {}

  get state(): PipelineFold {
    return this.folded;
  }

  /** Cheap: it is called for every process. */
  add(event: LutraEvent): void {
    this.folded = foldPipeline(this.folded, event);
  }

  /** A command that this arbiter has given: the log will tell it too, a moment later. */
  addIssued(command: Command): void {
    const { pipelineId, aboutEpoch: epoch, issuedAt: at, author: who } = command;
    const base = { v: 1, at, who, pipelineId, epoch, process: null, traceId: null } as const;
    this.add({ ...base, kind: 'command-issued', command, outcome: 'issued' });
  }

  /**
   * Reads the log once, writes a snapshot when one is due and something has changed, and tells what nobody told. Never
   * throws: a pipeline is supervised by its permit whether or not its history can be read or written.
   */
  async keep(permit: Permit | null): Promise<void> {
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs < this.readDueMs) return;
    try {
      if (this.written === null) await this.read();
      await this.tellUntold(permit);
      if (nowMs >= this.snapshotDueMs) await this.snapshot(nowMs);
    } catch (error) {
      this.readDueMs = nowMs + RETRY_MS;
      this.parts.log.warn({ err: error, pipelineId: this.pipelineId }, 'history of the pipeline is not kept now');
    }
  }

  private async read(): Promise<void> {
    const { bus } = this.parts;
    const { pipelineId } = this;
    const reads = KINDS_READ.map(([kind, limit]) => bus.readEvents({ pipelineId, kinds: [kind], limit }));
    const events = (await Promise.all(reads)).flat();
    for (const event of events) this.add(event);
    this.written = JSON.stringify(events.filter(({ kind }) => kind === 'snapshot').reduce(foldPipeline, EMPTY_FOLD));
  }

  private async snapshot(nowMs: number): Promise<void> {
    const state = this.folded;
    const text = JSON.stringify(state);
    if (text !== this.written) await this.announcer.snapshot(this.pipelineId, { form: FOLD_FORM, state });
    this.written = text;
    this.snapshotDueMs = nowMs + SNAPSHOT_EVERY_MS;
  }

  private async tellUntold(permit: Permit | null): Promise<void> {
    const nowMs = this.parts.clock.monotonicMs();
    const open = this.folded.commands.filter(({ outcome }) => outcome === 'issued').map(({ command }) => command);
    const untold = untoldCommands(permit, open);
    this.untoldSince = new Map(untold.map(({ id }) => [id, this.untoldSince.get(id) ?? nowMs]));
    for (const command of untold) {
      if (nowMs - (this.untoldSince.get(command.id) ?? nowMs) < UNTOLD_MS) continue;
      const event = await this.announcer.command('command-done', command, {
        outcome: 'applied',
        epoch: permit?.epoch ?? null,
      });
      this.add(event);
    }
  }
}
