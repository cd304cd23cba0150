import { SyncError } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { ProcessBuffer } from './process-buffer.ts';

const GAP_MS_MIN = 5_000;
const LOOK_EVERY_MS = 500;
// A process that moves from one queue to the next may be missed by one look, not by several.
const EMPTY_LOOKS_MIN = 3;

/** Notices that a process has disappeared between select and load. */
export class GapWatch {
  private emptyLooks = 0;
  private nextLookMs = 0;

  constructor(
    private readonly bus: Bus,
    private readonly pipeline: { readonly pipelineId: string; readonly epoch: number },
  ) {}

  /**
   * To be called while nothing can be loaded. Throws BUS_PROCESS_GAP when a later process has waited for 5 s and no queue holds
   * anything that could be the one before it.
   */
  async look(buffer: ProcessBuffer, nowMs: number): Promise<void> {
    if (buffer.gapMs(nowMs) < GAP_MS_MIN) {
      this.emptyLooks = 0;
      return;
    }
    if (nowMs < this.nextLookMs) return;
    this.nextLookMs = nowMs + LOOK_EVERY_MS;
    const { pipelineId, epoch } = this.pipeline;
    const queued = await this.bus.queuedProcesses(pipelineId, epoch);
    const isEmpty = queued.selected === 0 && queued.extracted === 0 && queued.transformed <= buffer.size;
    this.emptyLooks = isEmpty ? this.emptyLooks + 1 : 0;
    if (this.emptyLooks < EMPTY_LOOKS_MIN) return;
    const process = buffer.lastTaken + 1;
    const problem = `Process ${String(process)} of epoch ${String(epoch)} is in no queue, and later ones wait for it`;
    throw new SyncError('BUS_PROCESS_GAP', { problem, process });
  }
}
