import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '@lutra/testing';
import type { ChaosGround } from './chaos-site.ts';
import type { Fault, FaultEffect, FaultKind, FaultRecord, RecoveryWatch } from './chaos-types.ts';
import type { DrawnFault, FaultDeck } from './fault-deck.ts';

export interface RunOptions {
  readonly ground: ChaosGround;
  readonly deck: FaultDeck;
  readonly watch: RecoveryWatch;
  readonly seed: number;
  readonly ms: number;
  readonly signal: AbortSignal;
  readonly onRecord: (record: FaultRecord) => void;
}

/** After it a fault counts as never recovered from. */
export const RECOVERY_LIMIT_MS = 120_000;
/** Between the recovery from one fault and the next one: four to six of them a minute. */
const PAUSE_MS_MAX = 5_000;
/** One of so many comes in the middle of another one. */
const OVERLAP_ONE_IN = 6;
const OVERLAP_GAP_MS_MAX = 2_000;
const GRACE_SHARE = 0.15;
/** Never together with another one: each takes away what the other needs for its undoing, or for coming back. */
const ALONE: readonly FaultKind[] = [
  'nats-wiped',
  'zookeeper-wiped',
  'nats-restart',
  'zookeeper-restart',
  'source-restart',
  'target-restart',
  'operator-command',
  'kill-both',
];

/** A fault that was begun. */
interface Running {
  readonly kind: FaultKind;
  overlapped: boolean;
  isOver: boolean;
  /** Resolves when it is undone. Never rejects. */
  readonly undone: Promise<void>;
  /** Resolves when all pipelines have recovered, or the limit has passed. */
  readonly recovered: Promise<FaultRecord>;
}

/**
 * Breaks things until the time is over, most often one after the other has been recovered from. Everything is undone when it
 * resolves. While kinds wait for their first time and time is short, the next one does not wait for recovery.
 */
export async function runFaults(options: RunOptions): Promise<FaultRecord[]> {
  const { deck, seed, signal } = options;
  const random = new SeededRandom(seed, -1);
  const end = performance.now() + options.ms;
  const begun: Running[] = [];
  const draw = async (): Promise<Running> => {
    const running = await begin(options, deck.next(), begun);
    begun.push(running);
    return running;
  };
  // Kinds that had no time or no effect get a little more of it.
  const graceEnd = end + GRACE_SHARE * options.ms;
  while (performance.now() < (deck.waiting > 0 ? graceEnd : end) && !signal.aborted) {
    const slotEnd = performance.now() + Math.max(0, end - performance.now()) / Math.max(1, deck.waiting);
    const now = [await draw()];
    const isAlone = ALONE.includes(now[0]?.kind ?? 'kill');
    if (!isAlone && random.oneIn(OVERLAP_ONE_IN)) {
      await sleep(random.below(OVERLAP_GAP_MS_MAX));
      if (!ALONE.includes(deck.peek())) now.push(await draw());
    }
    await Promise.all(now.map(({ undone }) => undone));
    const recovered = Promise.all(now.map((each) => each.recovered));
    const isRushed = deck.waiting > 0;
    await Promise.race([recovered, ...(isRushed ? [sleep(Math.max(0, slotEnd - performance.now()))] : [])]);
    const pauseMs = Math.min(random.below(PAUSE_MS_MAX), isRushed ? slotEnd - performance.now() : Infinity);
    await sleep(Math.max(0, pauseMs), undefined, { signal }).catch(() => undefined);
  }
  return Promise.all(begun.map(({ recovered }) => recovered));
}

async function begin(options: RunOptions, drawn: DrawnFault, begun: readonly Running[]): Promise<Running> {
  const { ground, deck, watch, onRecord } = options;
  const fault = await drawn.family.make(ground, drawn.target, drawn.random);
  const startedAt = performance.now();
  const others = begun.filter(({ isOver }) => !isOver);
  for (const other of others) other.overlapped = true;
  let recovery: ReturnType<RecoveryWatch['waitRecovered']> | null = null;
  const recoveryBegins = (): void => {
    recovery ??= watch.waitRecovered(performance.now(), RECOVERY_LIMIT_MS);
    recovery.catch(() => undefined); // It is awaited below.
  };
  let endedAt = startedAt;
  const working = run(fault, recoveryBegins).then((effect) => {
    endedAt = performance.now();
    recoveryBegins();
    if (!effect.tookEffect) deck.putBack(fault.kind);
    return effect;
  });
  const running: Running = {
    kind: fault.kind,
    overlapped: others.length > 0,
    isOver: false,
    undone: working.then(() => undefined),
    recovered: working.then(async (effect) => {
      const recoveryMs = (await recovery) ?? {};
      running.isOver = true;
      const { kind, target, recoversFrom } = fault;
      const { overlapped } = running;
      const record = { kind, target, recoversFrom, startedAt, endedAt, overlapped, recoveryMs, ...effect };
      onRecord(record);
      return record;
    }),
  };
  return running;
}

/** What could not be done took no effect, and says why. */
async function run(fault: Fault, recoveryBegins: () => void): Promise<FaultEffect> {
  try {
    return await fault.run(recoveryBegins);
  } catch (error) {
    return { tookEffect: false, seen: `failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}
