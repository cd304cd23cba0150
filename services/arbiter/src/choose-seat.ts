import type { LeaseKind } from '@lutra/coordination';
import type { Failback } from '@lutra/model';

/** A preferred instance has to be there for so long before a lease returns to it. */
export const STEADY_MS = 10_000;

/** A live instance that takes work. */
export interface Candidate {
  readonly instance: string;
  readonly weight: number;
  /** Leases of this kind that it holds or is about to get. */
  readonly leases: number;
  readonly steadyMs: number;
  /** It was named a short while ago and has not taken the lease: for so long it is not named again. */
  readonly refusedMs: number;
}

export interface SeatView {
  readonly kind: LeaseKind;
  readonly holder: string;
  /** A person has ordered the holder to give everything away. */
  readonly isDraining: boolean;
  /** '' = none */
  readonly preferred: string;
  readonly failback: Failback;
}

export type SeatWord =
  | { readonly word: 'stay'; readonly lookAgainMs?: number }
  | { readonly word: 'move'; readonly instance: string; readonly reason: string }
  | {
      readonly word: 'warn';
      readonly code: 'INSTANCE_CANNOT_DRAIN' | 'FAILBACK_POSSIBLE';
      readonly message: string;
    };

/** What the arbiter does about one lease of a running pipeline. Pure. */
export function chooseSeat(view: SeatView, candidates: readonly Candidate[]): SeatWord {
  const others = candidates.filter(({ instance }) => instance !== view.holder);
  return view.isDraining ? empty(view, others) : failBack(view, others);
}

/** Away from a holder that drains: to the preferred instance, else to the least loaded by weight. */
function empty(view: SeatView, others: readonly Candidate[]): SeatWord {
  const { holder, kind, preferred } = view;
  if (others.length === 0)
    return {
      word: 'warn',
      code: 'INSTANCE_CANNOT_DRAIN',
      message: `${holder} keeps the ${kind} lease although it drains: no other ${SERVICE_OF[kind]} instance takes work. Start one, or give one that is in maintenance or drains back its work`,
    };
  const willing = others.filter(({ refusedMs }) => refusedMs <= 0);
  const chosen = willing.find(({ instance }) => instance === preferred) ?? leastLoaded(willing);
  if (chosen === undefined) return { word: 'stay', lookAgainMs: Math.min(...others.map(({ refusedMs }) => refusedMs)) };
  return { word: 'move', instance: chosen.instance, reason: `${holder} drains: ${kind} moves to ${chosen.instance}` };
}

function failBack(view: SeatView, others: readonly Candidate[]): SeatWord {
  const { failback, holder, kind, preferred } = view;
  const back = others.find(({ instance }) => instance === preferred);
  if (back === undefined || failback === 'stay') return { word: 'stay' };
  const waitMs = Math.max(STEADY_MS - back.steadyMs, back.refusedMs);
  if (waitMs > 0) return { word: 'stay', lookAgainMs: waitMs };
  if (failback === 'return')
    return { word: 'move', instance: preferred, reason: `${preferred} is back: ${kind} returns to it` };
  const stage = SERVICE_OF[kind];
  return {
    word: 'warn',
    code: 'FAILBACK_POSSIBLE',
    message: `${preferred} is back while ${holder} holds the ${kind} lease: POST /pipelines/{id}/move {"stage": "${stage}", "instance": "${preferred}"} returns it`,
  };
}

function leastLoaded(candidates: readonly Candidate[]): Candidate | undefined {
  return [...candidates].sort((a, b) => burdenOf(a) - burdenOf(b) || a.instance.localeCompare(b.instance))[0];
}

const burdenOf = ({ leases, weight }: Candidate): number =>
  weight > 0 ? (leases + 1) / weight : Number.MAX_SAFE_INTEGER;

/** Whose instances hold which lease. */
export const SERVICE_OF = { mainstem: 'select', loader: 'load' } as const satisfies Record<LeaseKind, string>;
