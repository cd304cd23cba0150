import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import type { ChannelCommand, Command } from '@lutra/model';
import type { CommandDelivery } from '@lutra/messaging';
import { CommandWorker } from '../src/command-worker.ts';
import { command } from './arbiter-fixture.ts';

interface Told {
  readonly carriedOut: string[];
  readonly settled: string[];
}

/** What a worker makes of these deliveries; `fails` names the commands that cannot be carried out. */
async function work(commands: readonly (Command | ChannelCommand)[], fails: readonly string[] = []): Promise<Told> {
  const told: Told = { carriedOut: [], settled: [] };
  const deliver = (each: Command | ChannelCommand): CommandDelivery => ({
    command: each,
    deliveryCount: 1,
    ack: () => {
      told.settled.push(`ack ${each.id}`);
      return Promise.resolve();
    },
    nak: () => told.settled.push(`nak ${each.id}`),
    term: () => told.settled.push(`term ${each.id}`),
  });
  async function* consumeCommands(): AsyncGenerator<CommandDelivery, void, undefined> {
    for (const each of commands) yield await Promise.resolve(deliver(each));
  }
  const desk = {
    carryOut: async ({ id }: Command) => {
      await Promise.resolve();
      if (fails.includes(id)) throw new Error('ZooKeeper is gone');
      told.carriedOut.push(id);
      return 'applied' as const;
    },
  };
  await new CommandWorker({ bus: { consumeCommands }, log: pino({ level: 'silent' }) }, desk).run(
    new AbortController().signal,
  );
  return told;
}

const toChannel = (id: string, pipelineIds: readonly string[]): ChannelCommand => {
  const { kind, reason, author, issuedAt } = command('PAUSE');
  return { id, kind, reason, author, issuedAt, channelId: 'C', pipelineIds };
};

describe('a command to a channel', () => {
  it('is carried out for each of its pipelines, and is then done', async () => {
    const told = await work([toChannel('c', ['p', 'q'])]);
    expect(told.carriedOut.sort()).toEqual(['c.p', 'c.q']);
    expect(told.settled).toEqual(['ack c']);
  });

  it('keeps its place among the commands of each pipeline', async () => {
    const before = command('START', { id: 'before', pipelineId: 'q' });
    const after = command('START', { id: 'after', pipelineId: 'q' });
    const told = await work([before, toChannel('c', ['p', 'q']), after]);
    expect(told.carriedOut.filter((id) => id !== 'c.p')).toEqual(['before', 'c.q', 'after']);
  });

  it('comes again when one pipeline fails, which stops none of the others', async () => {
    const other = command('START', { id: 'other', pipelineId: 'r' });
    const told = await work([toChannel('c', ['p', 'q', 'r']), other], ['c.p']);
    expect(told.carriedOut.sort()).toEqual(['c.q', 'c.r', 'other']);
    expect(told.settled.sort()).toEqual(['ack other', 'nak c']);
  });

  it('of a channel without pipelines is done at once', async () => {
    expect((await work([toChannel('c', [])])).settled).toEqual(['ack c']);
  });
});
