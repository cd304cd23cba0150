import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelCommand, Command, LutraEvent } from '@lutra/model';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: each order of an operator reaches the arbiter once, whatever its client repeats, and is told with its outcome.
// Method: a manager in this process, spoken to over HTTP; the arbiter is played on the bus, a crash by the store's row.

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let pipelineId: string;
let otherId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  const dataSource = { kind: 'mariadb', host: 'db.example.com', user: 'lutra', password: 'secret' };
  const sourceId = await manager.create('data-sources', { ...dataSource, name: 'source', port: 3301 });
  const targetId = await manager.create('data-sources', { ...dataSource, name: 'target', port: 3302 });
  const create = async (name: string): Promise<string> => {
    const id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
    const mapping = { source: { schema: 'shop', table: { exact: name } }, target: { schema: 'shop', table: name } };
    await manager.create(`pipelines/${id}/mappings`, mapping);
    return id;
  };
  pipelineId = await create('first');
  otherId = await create('second');
});

afterAll(() => installation.close());

const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
const order = (body: unknown, key?: string, path = `pipelines/${pipelineId}`): Promise<Answer> =>
  manager.request('POST', `/api/v1/${path}/commands`, {
    body,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });
const STOP = { kind: 'STOP', reason: 'night shift' };

/** All commands on the queue up to the one with this id, which is taken too. */
async function takeUpTo(id: string): Promise<(Command | ChannelCommand)[]> {
  const stop = new AbortController();
  const taken: (Command | ChannelCommand)[] = [];
  for await (const delivery of manager.bus.consumeCommands(stop.signal)) {
    await delivery.ack();
    taken.push(delivery.command);
    if (delivery.command.id === id) break;
  }
  stop.abort();
  return taken;
}

async function decide(command: Command, outcome: 'applied' | 'void'): Promise<void> {
  const at = new Date().toISOString();
  const event: LutraEvent = {
    ...{ v: 1, kind: 'command-done', at, who: 'arbiter-1', pipelineId: command.pipelineId, epoch: 1 },
    ...{ process: null, traceId: null, command, outcome },
  };
  await manager.bus.publishEvent(event);
}

const setUnsent = (id: string): Promise<unknown> =>
  installation.sql(`UPDATE ${installation.database}.command SET is_sent = 0 WHERE id = '${id}'`);

describe('a repeated request', () => {
  it('under the same key answers with the same command, which the arbiter gets once', async () => {
    const answers = await Promise.all([order(STOP, 'key-1'), order(STOP, 'key-1'), order(STOP, 'key-1')]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    const ids = new Set(answers.map(({ body }) => String(body['id'])));
    expect(ids.size).toBe(1);
    const last = String((await order({ kind: 'PAUSE', reason: 'end of test' })).body['id']);
    const [id = ''] = ids;
    expect((await takeUpTo(last)).map((command) => command.id)).toEqual([id, last]);
  });

  it('with another body, or to another pipeline, is refused', async () => {
    await order(STOP, 'key-2');
    const others = [
      await order({ ...STOP, reason: 'other' }, 'key-2'),
      await order(STOP, 'key-2', `pipelines/${otherId}`),
      await order(STOP, 'key-2', `channels/${channelId}`),
    ];
    expect(others.map(problem)).toEqual(Array.from({ length: 3 }, () => [409, 'RESOURCE_CONFLICT']));
  });

  it('of another key is another request', async () => {
    const created = await manager.request('POST', '/api/v1/api-keys', { body: { name: 'ci', role: 'operator' } });
    const token = String(created.body['token']);
    const first = await order(STOP, 'key-3');
    const second = await manager.request('POST', `/api/v1/pipelines/${pipelineId}/commands`, {
      body: STOP,
      headers: { 'idempotency-key': 'key-3', authorization: `Bearer ${token}` },
    });
    expect(second.status).toBe(202);
    expect(second.body['id']).not.toBe(first.body['id']);
    expect((await get('commands?author=ci')).body.items?.map(({ id }) => id)).toEqual([second.body['id']]);
  });

  it('brings the command to a bus that did not have it, unless another was given meanwhile', async () => {
    const id = String((await order(STOP, 'key-4')).body['id']);
    await takeUpTo(id);
    await setUnsent(id);
    expect((await get(`commands/${id}`)).body['outcome']).toBe('unsent');
    expect((await order(STOP, 'key-4')).body['id']).toBe(id);
    expect((await get(`commands/${id}`)).body['outcome']).toBe('issued');
    await setUnsent(id);
    await order({ kind: 'START', reason: 'meanwhile' });
    expect(problem(await order(STOP, 'key-4'))).toEqual([409, 'RESOURCE_CONFLICT']);
  });

  it('needs a key that is one', async () => {
    expect(problem(await order(STOP, 'two words'))).toEqual([400, 'REQUEST_INVALID']);
    expect(problem(await order(STOP, 'x'.repeat(256)))).toEqual([400, 'REQUEST_INVALID']);
  });
});

describe('a command', () => {
  it.each<[string, unknown, RegExp]>([
    ['without a reason', { kind: 'STOP' }, /reason/],
    ['with blanks for a reason', { kind: 'STOP', reason: '   ' }, /say why/],
    ['with a reason that is a book', { kind: 'STOP', reason: 'x'.repeat(501) }, /500/],
    ['that nobody knows', { kind: 'HALT', reason: 'x' }, /kind/],
    ['that cannot be graceful', { ...STOP, graceful: true }, /graceful belongs to RESTART/],
  ])('%s is refused', async (_what, body, expected) => {
    const answer = await order(body);
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body['detail']).toMatch(expected);
  });

  it('WARNING and a graceful RESTART reach the arbiter as they are', async () => {
    await order({ kind: 'WARNING', reason: 'the target gets a new index' });
    // No arbiter writes a permit here, so that the manager may give a START of its own in between.
    const last = await order({ kind: 'RESTART', reason: 'new memory', graceful: true });
    const taken = (await takeUpTo(String(last.body['id']))).filter(({ author }) => author === 'admin');
    expect(taken.slice(-2)).toMatchObject([
      { kind: 'WARNING', reason: 'the target gets a new index', author: 'admin', aboutEpoch: null },
      { kind: 'RESTART', isGraceful: true, author: 'admin' },
    ]);
  });

  it('to a channel is one message, with a part and an outcome for each pipeline', async () => {
    const { status, body } = await order({ kind: 'PAUSE', reason: 'maintenance' }, 'key-5', `channels/${channelId}`);
    expect([status, body.items?.map((item) => item['pipelineId'])]).toEqual([202, [pipelineId, otherId].sort()]);
    const again = await order({ kind: 'PAUSE', reason: 'maintenance' }, 'key-5', `channels/${channelId}`);
    expect(again.body.items).toEqual(body.items);
    const last = await order({ kind: 'START', reason: 'end of test' });
    const whole = (await takeUpTo(String(last.body['id']))).filter((command) => 'pipelineIds' in command);
    expect(whole).toMatchObject([{ kind: 'PAUSE', channelId, pipelineIds: [pipelineId, otherId].sort() }]);
    const partId = String(body.items?.find((item) => item['pipelineId'] === otherId)?.['id']);
    const part = (await get(`commands/${partId}`)).body;
    expect(part).toMatchObject({ pipelineId: otherId, reason: 'maintenance', author: 'admin', outcome: 'issued' });
    const audit = await get(`audit?resourceId=${partId}`);
    expect(audit.body.items).toMatchObject([{ who: 'admin', action: 'command', after: { reason: 'maintenance' } }]);
    await decide({ ...(part as unknown as Command), aboutEpoch: null }, 'applied');
    expect((await get(`commands/${partId}`)).body).toMatchObject({ outcome: 'applied' });
  });

  it('to an empty channel is nothing', async () => {
    const empty = await manager.create('channels', { name: 'empty' });
    expect((await order(STOP, undefined, `channels/${empty}`)).body).toEqual({ items: [], total: 0 });
  });
});

describe('the list of commands', () => {
  it('pages newest first, filters, and tells outcomes, also when the log no longer does', async () => {
    const ids: string[] = [];
    for (const reason of ['list 1', 'list 2', 'list 3'])
      ids.unshift(String((await order({ kind: 'ROLLBACK', reason }, undefined, `pipelines/${otherId}`)).body['id']));
    const queue = await takeUpTo(ids[0] ?? '');
    const commandOf = (id: string | undefined): Command => queue.find((command) => command.id === id) as Command;
    await decide(commandOf(ids[0]), 'applied');
    await decide(commandOf(ids[1]), 'void');
    await decide(commandOf(ids[0]), 'void'); // The first word counts.
    const path = `commands?pipelineId=${otherId}&kind=ROLLBACK`;
    const { body } = await get(`${path}&pageSize=2`);
    expect(body['total']).toBe(3);
    expect(body.items?.map(({ id, outcome }) => [id, outcome])).toEqual([
      [ids[0], 'applied'],
      [ids[1], 'void'],
    ]);
    expect((await get(`${path}&pageSize=2&page=2`)).body.items).toMatchObject([{ id: ids[2], outcome: 'issued' }]);
    const [row] = await installation.sql(
      `SELECT outcome FROM ${installation.database}.command WHERE id = '${ids[1] ?? ''}'`,
    );
    expect(row).toEqual({ outcome: 'void' });
    expect(problem(await get('commands?kind=HALT'))).toEqual([400, 'REQUEST_INVALID']);
    expect(problem(await get('commands/01ARZ3NDEKTSV4RRFFQ69G5FAV'))).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });
});
