import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import type { Direction, LinkFault, SeededRandom } from '@lutra/testing';
import type { ChaosLink } from '../chaos-links.ts';
import type { Fault, FaultEffect, FaultKind } from '../chaos-types.ts';
import { between } from './fault-family.ts';
import type { FaultFamily } from './fault-family.ts';

/** Every way between two kinds of parts; which instance or pipeline it is, is chosen each time. */
const WAYS: readonly string[] = [
  'load → target',
  'select → source',
  'select → nats',
  'load → nats',
  'extract → nats',
  'transform → nats',
  'arbiter → nats',
  'manager → nats',
  'select → zookeeper',
  'load → zookeeper',
  'arbiter → zookeeper',
  'extract → zookeeper',
  'transform → zookeeper',
  'manager → zookeeper',
  'manager → store',
];
const BOTH: readonly Direction[] = ['toServer', 'toClient'];
const EFFECT_LIMIT_MS = 8_000;
/** What passes within seconds where only signs of life do, and where rows do. */
const QUIET_BYTES = 200;
const BUSY_BYTES = 10_000;

type Work = (link: ChaosLink, recoveryBegins: () => void) => Promise<FaultEffect>;

/** Faults of the network. */
export const LINK_FAULTS: readonly FaultFamily[] = [
  family('cut', 'start', (random) => {
    const how = random.oneIn(2) ? 'reset' : 'end';
    return async ({ proxy }, recoveryBegins) => {
      const count = proxy.cut(how);
      recoveryBegins();
      return { tookEffect: count > 0, seen: `${String(count)} connections cut (${how})` };
    };
  }),
  family('refuse', 'end', (random) => {
    const ms = between(random, 500, 5_000);
    return async ({ proxy }) => {
      proxy.cut();
      proxy.refuse();
      await sleep(ms);
      await untilEffect(() => proxy.effect.refused);
      const { refused } = proxy.effect;
      return { tookEffect: refused > 0, seen: `${String(refused)} connections refused` };
    };
  }),
  family('half-open', 'end', (random) => halfOpen(random)),
  family('latency', 'end', (random) =>
    lasting({ kind: 'delay', ms: between(random, 20, 300), jitterMs: between(random, 0, 200) }, random),
  ),
  family('bandwidth', 'end', (random) =>
    lasting({ kind: 'slow', bytesPerSecond: between(random, 4_000, 60_000) }, random),
  ),
  family('reset-after-bytes', 'end', (random) => {
    const directions = directionsOf(random);
    const share = random.below(1_000) / 1_000;
    return async ({ proxy, peer }) => {
      const bytes = 1 + Math.floor(share * (peer === 'zookeeper' || peer === 'store' ? QUIET_BYTES : BUSY_BYTES));
      proxy.apply({ kind: 'reset-after', bytes }, directions);
      const count = await untilEffect(() => proxy.effect.connections);
      return { tookEffect: count > 0, seen: `${String(count)} connections reset after ${String(bytes)} bytes` };
    };
  }),
];

function family(
  kind: FaultKind,
  recoversFrom: Fault['recoversFrom'],
  choose: (random: SeededRandom) => Work,
): FaultFamily {
  return {
    kind,
    targets: WAYS,
    make: (ground, target, random) => {
      const [service, peer] = target.split(' → ');
      const links = ground.links.filter((link) => link.service === service && link.peer === peer);
      const idle = links.filter(({ name }) => !ground.broken.has(name));
      // A standby's way to the databases has no connection that could break.
      const used = idle.filter(({ proxy }) => proxy.connections.length > 0);
      const from = used.length > 0 ? used : links;
      const link = must(from[random.below(from.length)], `a link ${target}`);
      const work = choose(random);
      return {
        kind,
        target: link.name,
        recoversFrom,
        run: (begins) => onLink(link, ground.broken, () => work(link, begins)),
      };
    },
  };
}

async function onLink(link: ChaosLink, broken: Set<string>, work: () => Promise<FaultEffect>): Promise<FaultEffect> {
  // The manager behind it may not answer.
  const names = [link.name, ...(link.service === 'manager' ? [`manager-${String(link.instance)}`] : [])];
  for (const name of names) broken.add(name);
  try {
    return await work();
  } finally {
    link.proxy.heal();
    for (const name of names) broken.delete(name);
  }
}

/** Nothing passes and nobody is told: for a while, in one direction or in both; or for good, for the connections that are there. */
function halfOpen(random: SeededRandom): Work {
  const directions = directionsOf(random);
  const ms = between(random, 1_000, 8_000);
  if (random.oneIn(3))
    return async ({ proxy }) => {
      const count = proxy.abandon();
      return { tookEffect: count > 0, seen: `${String(count)} connections half-open for good` };
    };
  return async ({ proxy }) => {
    proxy.apply({ kind: 'hole' }, directions);
    await sleep(ms);
    const bytes = await untilEffect(() => proxy.effect.bytes);
    return {
      tookEffect: bytes > 0,
      seen: `${String(bytes)} bytes lost ${directions.join(' and ')} in ${String(ms)} ms`,
    };
  };
}

function lasting(fault: LinkFault, random: SeededRandom): Work {
  const ms = between(random, 1_500, 6_000);
  return async ({ proxy }) => {
    proxy.apply(fault);
    await sleep(ms);
    const bytes = await untilEffect(() => proxy.effect.bytes);
    return {
      tookEffect: bytes > 0,
      seen: `${String(bytes)} bytes held back in ${String(ms)} ms: ${JSON.stringify(fault)}`,
    };
  };
}

function directionsOf(random: SeededRandom): readonly Direction[] {
  return random.pick([BOTH, ['toServer'], ['toClient']]);
}

/** Waits until something came of it: a way may be silent for a moment. */
function untilEffect(count: () => number): Promise<number> {
  return waitUntil(() => (count() > 0 ? count() : undefined), {
    what: 'an effect',
    timeoutMs: EFFECT_LIMIT_MS,
    everyMs: 20,
  }).catch(() => 0);
}
