import type { Permit, PipelineParameters, WindowEvent } from '@lutra/model';

/** What the leader of a pipeline sees of its running epoch. Times are the leader's monotonic ms. */
export interface EpochSigns {
  /** When this leader first saw the epoch run. */
  readonly sinceMs: number;
  /** Select's newest word, and when it came; null = none in this epoch. */
  readonly window: WindowEvent | null;
  readonly windowMs: number;
  /** When something was last loaded, or staged in an open transaction, or there was nothing to load; `sinceMs` before that. */
  readonly progressMs: number;
}

/** Why a pipeline deserves a closer look. */
export type Suspicion =
  /** A process has been under way for longer than any queue or stage should take. */
  | { readonly kind: 'slow'; readonly process: number; readonly ageMs: number }
  /** The source goes on, and nothing arrives. */
  | { readonly kind: 'noProgress'; readonly forMs: number }
  /** Select says nothing: nobody holds the mainstem, or its holder hangs. */
  | { readonly kind: 'silent'; readonly forMs: number };

type Limits = Pick<PipelineParameters, 'queueAgeMaxMs' | 'stageAgeMaxMs' | 'noProgressMaxMs'>;

/**
 * The first reason for a closer look, null when the pipeline does as it should. A pipeline that may not run, or that is being
 * emptied, is never suspect; an idle source is no lack of progress. Pure.
 */
export function suspect(permit: Permit | null, signs: EpochSigns, limits: Limits, nowMs: number): Suspicion | null {
  if (permit?.state !== 'RUNNING' || permit.draining) return null;
  const heardMs = Math.max(signs.sinceMs, signs.windowMs);
  if (nowMs - heardMs > limits.noProgressMaxMs) return { kind: 'silent', forMs: nowMs - heardMs };
  const { window } = signs;
  if (window?.epoch !== permit.epoch) return null;
  const forMs = nowMs - Math.max(signs.sinceMs, signs.progressMs);
  if (forMs > limits.noProgressMaxMs && isSourceAhead(window)) return { kind: 'noProgress', forMs };
  const [oldest] = window.open.toSorted((a, b) => b.ageMs - a.ageMs);
  if (oldest !== undefined && oldest.ageMs > Math.min(limits.queueAgeMaxMs, limits.stageAgeMaxMs))
    return { kind: 'slow', process: oldest.process, ageMs: oldest.ageMs };
  return null;
}

/** Something waits to be loaded: in the window, or still at the source. */
export const isSourceAhead = (window: WindowEvent): boolean =>
  window.open.length > 0 || window.lagMs > 0 || window.state === 'connecting' || window.state === 'failed';
