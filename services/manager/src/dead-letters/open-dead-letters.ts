import type { Clock } from '@lutra/model';
import type { TargetDoor } from '../targets/target-door.ts';
import { countUnsettled } from './count-unsettled.ts';

/** Screens ask each second; the target is asked this seldom, also while it does not answer. */
const KEPT_MS = 10_000;

/** How many letters wait, by pipeline: asked of the target, and kept for a moment. */
export class OpenDeadLetters {
  private readonly known = new Map<string, { readonly askedMs: number; readonly answer: Promise<number> }>();

  constructor(
    private readonly door: TargetDoor,
    private readonly clock: Clock,
  ) {}

  /** Throws what {@link TargetDoor.ofPipeline} throws. */
  count(pipelineId: string): Promise<number> {
    const nowMs = this.clock.monotonicMs();
    const known = this.known.get(pipelineId);
    if (known !== undefined && nowMs - known.askedMs < KEPT_MS) return known.answer;
    const answer = this.door.ofPipeline(pipelineId, (session) => countUnsettled(session, pipelineId));
    // Who asks hears of it; without anybody it concerns nobody.
    answer.catch(() => undefined);
    this.known.set(pipelineId, { askedMs: nowMs, answer });
    return answer;
  }
}
