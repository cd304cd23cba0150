// Goal: no zombie writes (DESIGN §4, guarantee 3): an instance that stands still for longer than its session and then goes on
// changes nothing any more.
// Method: two instances of a service; the one that works is stopped with SIGSTOP while a writer commits, until the other one
// has taken over and loaded; it then wakes up in the middle of the other's work. The checkpoint must stay with the other one,
// and both sides must end with equal hashes without a person's help.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import { connectTo, waitUntil } from '@lutra/testing';
import type { PipelineView } from '@lutra/api-client';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

const ROUNDS = 2;
const LEASES = { load: 'loader', select: 'mainstem' } as const;

describe('a frozen instance', () => {
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    e2e = await startE2eStack('frozen', { services: { load: 2, select: 2, extract: 2 } });
    await e2e.createTables(...SHOP_TABLES);
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
  });

  afterAll(() => e2e.stop());

  const holderOf = (view: PipelineView, lease: 'loader' | 'mainstem'): string =>
    (view[lease] as { readonly instance: string } | null)?.instance ?? '';

  /** Epoch and owner of the checkpoint at the target, and how many steps it has made. */
  async function checkpoint(): Promise<{ epoch: number; owner: string; step: number }> {
    const target = await connectTo(e2e.stack.options.servers.target);
    try {
      const [rows] = await target.query('SELECT epoch, owner, step FROM lutra.checkpoint WHERE pipeline_id = ?', [
        pipelineId,
      ]);
      return must((rows as { epoch: number; owner: string; step: number }[])[0], 'a checkpoint');
    } finally {
      target.destroy();
    }
  }

  it.each(['load', 'select'] as const)(
    'writes nothing after it wakes up: %s',
    async (service) => {
      await e2e.atSource('DELETE FROM orders');
      const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const before = await waitUntil(
            async () => {
              const view = await e2e.stack.api.pipeline(pipelineId);
              return holderOf(view, LEASES[service]) !== '' && view.state === 'RUNNING' ? view : undefined;
            },
            { what: 'a holder', timeoutMs: 60_000 },
          );
          const name = holderOf(before, LEASES[service]);
          const frozen = must(
            e2e.stack.instancesOf(service).find(({ instanceId }) => instanceId === name),
            `the instance ${name}`,
          );
          await sleep(Math.random() * 400);
          await frozen.kill('SIGSTOP');
          try {
            await waitUntil(
              async () => {
                const { epoch, step } = await checkpoint();
                if (epoch <= must(before.epoch, 'an epoch')) return false;
                return (await checkpoint()).step > step;
              },
              { what: 'the other instance to load', timeoutMs: 60_000 },
            );
          } finally {
            await frozen.kill('SIGCONT');
          }
          const after = await e2e.stack.api.pipeline(pipelineId);
          expect(holderOf(after, LEASES[service])).not.toBe(name);
          await sleep(3_000);
          const view = await e2e.stack.api.pipeline(pipelineId);
          expect({ state: view.state, failure: view.failure?.code, holder: holderOf(view, LEASES[service]) }).toEqual({
            state: 'RUNNING',
            failure: undefined,
            holder: holderOf(after, LEASES[service]),
          });
        }
      } finally {
        await writer.stop();
      }
      expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 60_000))).toEqual([]);
    },
    180_000,
  );

  it('is replaced by another one of its kind: extract', async () => {
    await e2e.atSource('DELETE FROM orders');
    const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
    const epoch = must((await e2e.stack.api.pipeline(pipelineId)).epoch, 'an epoch');
    const [frozen] = e2e.stack.instancesOf('extract');
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await sleep(Math.random() * 400);
        await must(frozen, 'an extract').kill('SIGSTOP');
        try {
          const { step } = await checkpoint();
          await waitUntil(async () => (await checkpoint()).step > step + 20, {
            what: 'the other instance to go on',
            timeoutMs: 90_000,
          });
        } finally {
          await must(frozen, 'an extract').kill('SIGCONT');
        }
        await sleep(1_000);
      }
    } finally {
      await writer.stop();
    }
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 60_000))).toEqual([]);
    expect(await e2e.stack.api.pipeline(pipelineId)).toMatchObject({ state: 'RUNNING', failure: null, epoch });
  }, 240_000);
});
