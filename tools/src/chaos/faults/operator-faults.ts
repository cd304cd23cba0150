import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import type { CommandRequestDto, PipelineView } from '@lutra/api-client';
import type { ChaosGround } from '../chaos-site.ts';
import type { FaultEffect } from '../chaos-types.ts';
import { between } from './fault-family.ts';
import type { FaultFamily } from './fault-family.ts';

const COMMAND_LIMIT_MS = 60_000;
/** Longer than a PAUSE waits for the window to empty. */
const REPEAT_MS = 35_000;

type CommandKind = CommandRequestDto['kind'];

const ORDERS: Readonly<Record<string, readonly CommandKind[]>> = {
  RESTART: ['RESTART'],
  'ROLLBACK, START': ['ROLLBACK', 'START'],
  'PAUSE, START': ['PAUSE', 'START'],
  'STOP, START': ['STOP', 'START'],
};

/** What an operator may do at any time; whatever he halts he starts again. */
export const OPERATOR_FAULTS: readonly FaultFamily[] = [
  {
    kind: 'operator-command',
    targets: Object.keys(ORDERS),
    make: (ground, commands, random) => {
      const pipeline = must(ground.pipelines[random.below(ground.pipelines.length)], 'a pipeline');
      const pauseMs = between(random, 0, 2_000);
      return {
        kind: 'operator-command',
        target: `${commands} (${pipeline.name})`,
        recoversFrom: 'end',
        run: () => operate(ground, { pipelineId: pipeline.id, commands: must(ORDERS[commands], commands), pauseMs }),
      };
    },
  },
];

async function operate(
  ground: ChaosGround,
  order: { readonly pipelineId: string; readonly commands: readonly CommandKind[]; readonly pauseMs: number },
): Promise<FaultEffect> {
  const { pipelineId, commands, pauseMs } = order;
  const view = (): Promise<PipelineView> => ground.api.pipeline(pipelineId);
  const before = await untilAnswered('the pipeline', view);
  let epoch = before.epoch ?? 0;
  for (const command of commands) {
    const isRunning = command === 'RESTART' || command === 'START';
    let orderedAt = Number.NEGATIVE_INFINITY;
    const after = await waitUntil(
      async () => {
        // JetStream may lose it: a person would say it again.
        if (performance.now() - orderedAt > REPEAT_MS) {
          await ground.api.command(pipelineId, command, 'chaos');
          orderedAt = performance.now();
        }
        const now = await view();
        return (now.state === 'RUNNING') === isRunning && (now.epoch ?? 0) > epoch ? now : undefined;
      },
      { what: `${command} to be done`, timeoutMs: COMMAND_LIMIT_MS },
    );
    epoch = after.epoch ?? 0;
    if (!isRunning) await sleep(pauseMs);
  }
  return { tookEffect: true, seen: `epoch ${String(before.epoch)} → ${String(epoch)}` };
}

/** A manager that starts, or whose store is away, answers later. */
function untilAnswered<T>(what: string, ask: () => Promise<T>): Promise<T> {
  return waitUntil(async () => ({ answer: await ask() }), { what, timeoutMs: COMMAND_LIMIT_MS }).then(
    ({ answer }) => answer,
  );
}
