import { must } from '@lutra/model';
import type { Answer } from './running-manager.ts';
import { before, MAPPINGS, mappingsInto, PASSWORD, REASON, Workshop } from './workshop.ts';
import type { World } from './workshop.ts';

export interface WriteCall {
  /** Below /api/v1. */
  readonly path: string;
  readonly body?: unknown;
  /** Of whom; the admin key unless given. */
  readonly token?: string;
  /** Where is read what was written; unless given the resource itself. */
  readonly read?: (answer: Answer) => string;
  /** Takes it back, so that it can be done again. */
  readonly undo?: (answer: Answer) => Promise<unknown>;
}

/** Makes ready what the call needs. */
type Prepare = () => WriteCall | Promise<WriteCall>;
/** By method and path below /api/v1; where the fields exclude each other, a route has several. */
export type WriteCalls = Readonly<Record<string, readonly Prepare[]>>;

const SERVER = { kind: 'mariadb', host: 'db.example.com', port: 3306, user: 'u', password: 'p' };
const SCHEDULE = { timeZone: 'UTC', windows: [{ days: [1], from: '08:00', until: '12:00' }] };
const RULE = { kind: 'errorKeyword', keyword: 'a word', schedule: SCHEDULE };
const EMAIL = {
  ...{ host: 'mail.example.com', port: 25, tls: 'startTls', user: 'u', password: 'p' },
  ...{ sender: 'lutra@example.com', recipients: ['oncall@example.com'] },
};
const HTTP = {
  ...{ url: 'http://127.0.0.1:1/hook', secret: 's', headers: { 'x-a': 'b' } },
  template: { text: 'an alarm', parts: ['one'] },
};
/** One right call of each route that writes, with each text that it takes; again and again, each about something new. */
export function writeCalls(world: World): WriteCalls {
  const shop = new Workshop(world);
  return {
    ...callsOfConfiguration(shop),
    ...callsOfPipelines(shop),
    ...callsOfOperation(shop),
    ...callsOfCallers(shop),
    ...callsOfTargets(shop),
  };
}

/** Creates, changes and removes what has no more to it than that. */
function callsOfConfiguration(shop: Workshop): WriteCalls {
  const { authority: tlsCa, client } = shop.world.tls;
  const certificates = { tlsCa, tlsCert: client.certificate, tlsKey: client.privateKey };
  const bodies: Readonly<Record<string, readonly (() => object)[]>> = {
    channels: [() => ({ description: 'd' })],
    'data-sources': [
      () => ({
        ...SERVER,
        tls: 'verifyCa',
        ...certificates,
        channelIds: [shop.known('channels')],
        standbys: [{ host: 'two.example.com', port: 1 }],
      }),
      () => ({ ...SERVER, kind: 'oracle', serviceName: 's' }),
      () => ({ ...SERVER, kind: 'oracle', sid: 's' }),
    ],
    receivers: [
      () => ({ kind: 'email', email: { ...EMAIL, tlsCa } }),
      () => ({ kind: 'webhook', http: { ...HTTP, tlsCa } }),
    ],
    'alarm-rules': [
      () => ({ ...RULE, scope: { pipelineIds: [shop.known('pipelines')], channelIds: [] } }),
      () => ({
        ...RULE,
        receiverIds: [shop.known('receivers')],
        scope: { pipelineIds: [], channelIds: [shop.known('channels')] },
      }),
    ],
  };
  const calls: Record<string, readonly Prepare[]> = {};
  for (const [path, made] of Object.entries(bodies)) {
    calls[`POST ${path}`] = made.map((body) => () => ({ path, body: { name: shop.name(), ...body() } }));
    calls[`PATCH ${path}/{id}`] = made.map((body) => async () => {
      const rest = Object.fromEntries(Object.entries(body()).filter(([field]) => field !== 'kind'));
      return { path: `${path}/${await shop.create(path, body())}`, body: { name: shop.name(), ...rest } };
    });
    calls[`DELETE ${path}/{id}`] = made
      .slice(0, 1)
      .map((body) => async () => ({ path: `${path}/${await shop.create(path, body())}` }));
  }
  return {
    ...calls,
    'PATCH system-parameters': [
      () => ({ path: 'system-parameters', body: { pipelineDefaults: { preferredSelect: 's', preferredLoad: 'l' } } }),
    ],
    'POST alarm-rules/{id}/revisions/{number}/rollback': [
      async () => {
        const path = `alarm-rules/${await shop.create('alarm-rules', RULE)}`;
        await shop.world.manager.request('PATCH', `/api/v1/${path}`, { body: { keyword: 'another' } });
        return { path: `${path}/revisions/1/rollback` };
      },
    ],
    'POST system-parameters/revisions/{number}/rollback': [
      async () => {
        const { manager } = shop.world;
        const path = '/api/v1/system-parameters';
        for (const removalDays of [9, 8]) await manager.request('PATCH', path, { body: { removalDays } });
        const { body } = await manager.request('GET', `${path}/revisions`);
        return { path: `system-parameters/revisions/${String(body.items?.[1]?.['number'])}/rollback` };
      },
    ],
    'POST data-sources/{id}/switch': [
      async () => {
        const standby = { host: 'two.example.com', port: 2 };
        const id = await shop.create('data-sources', { ...SERVER, standbys: [standby] });
        return {
          path: `data-sources/${id}/switch`,
          body: { ...standby, force: true },
          read: () => `data-sources/${id}`,
        };
      },
    ],
  };
}

function callsOfPipelines(shop: Workshop): WriteCalls {
  const parameters = { preferredSelect: 's', preferredLoad: 'l', ddlDecisions: { '0-1-1': 'skip' } };
  const starts = [
    { kind: 'file', file: 'log.1', offset: 4 },
    { kind: 'gtid', gtid: '0-1-1' },
  ];
  const inPipeline = async (rest: string): Promise<string> => `pipelines/${await shop.pipeline()}/${rest}`;
  const name = 'documented';
  const rule = { ...RULE, pipelines: ['one'], receivers: ['fuzzed'] };
  const document = `channels/${name}/document`;
  return {
    'POST pipelines': starts.map((start) => () => ({
      path: 'pipelines',
      body: { ...shop.places(), name: shop.name(), start, parameters },
    })),
    'PATCH pipelines/{id}': starts.map((start) => async () => ({
      path: `pipelines/${await shop.pipeline()}`,
      body: { name: shop.name(), start, parameters },
    })),
    'DELETE pipelines/{id}': [async () => ({ path: `pipelines/${await shop.pipeline()}` })],
    'DELETE removals/{id}': [
      async () => {
        const path = `pipelines/${await shop.pipeline()}`;
        await shop.remove(path);
        return { path: path.replace('pipelines', 'removals') };
      },
    ],
    'POST pipelines/{pipelineId}/mappings': MAPPINGS.map((_mapping, i) => async () => ({
      path: await inPipeline('mappings'),
      body: shop.mappings()[i],
    })),
    'PATCH pipelines/{pipelineId}/mappings/{id}': MAPPINGS.map((_mapping, i) => async () => ({
      path: await shop.mapping(i),
      body: shop.mappings()[i],
    })),
    'DELETE pipelines/{pipelineId}/mappings/{id}': [async () => ({ path: await shop.mapping() })],
    'POST pipelines/{pipelineId}/mappings/import': [
      async () => {
        const path = await inPipeline('mappings');
        return { path: `${path}/import`, body: { format: 'text', content: 's.t -> imported.t' }, read: () => path };
      },
    ],
    'POST pipelines/{pipelineId}/revisions/{number}/rollback': [
      async () => {
        const id = await shop.pipeline();
        await shop.world.manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { lanes: 3 } } });
        return { path: `pipelines/${id}/revisions/1/rollback`, body: {} };
      },
    ],
    'PUT channels/{name}/document': [
      async () => {
        const found = await shop.world.manager.request('GET', `/api/v1/channels?name=${name}`);
        if (found.body.items?.length === 0) await shop.create('channels', { name });
        const [start] = starts;
        const pipeline = {
          name: 'one',
          source: 'dead source',
          target: 'dead target',
          start,
          parameters,
          mappings: mappingsInto('documented', { dataSource: 'dead source' }),
        };
        const body = {
          format: 'lutra-channel/1',
          channel: { name, description: shop.name() },
          pipelines: [pipeline, { ...pipeline, name: 'two', start: starts[1], mappings: [] }],
          alarmRules: [{ ...rule, name: 'r' }],
        };
        return { path: document, body, read: () => document };
      },
    ],
  };
}

function callsOfOperation(shop: Workshop): WriteCalls {
  const { installation, manager, furnished } = shop.world;
  const pipelineId = shop.known('pipelines');
  const [gtid, confirmHash] = [shop.known('gtids'), shop.known('hashes')];
  const resyncTable = { schema: shop.known('schemas'), table: 't' };
  const resyncOf = ({ body }: Answer): string => `pipelines/${pipelineId}/resyncs/${String(body['id'])}`;
  const stopResync = (answer: Answer): Promise<Answer> => manager.request('POST', `/api/v1/${resyncOf(answer)}/stop`);
  const orders = Object.fromEntries(
    ['drain', 'maintenance', 'resume'].map((order) => [
      `POST instances/{id}/${order}`,
      [() => ({ path: `instances/load-1/${order}`, body: REASON, read: () => 'instances/load-1' })],
    ]),
  );
  const command = { kind: 'PAUSE', ...REASON };
  const commandOf = ({ body }: Answer): string => `commands/${String((body.items?.[0] ?? body)['id'])}`;
  return {
    ...orders,
    'PATCH instances/{id}': [() => ({ path: 'instances/load-1', body: { weight: 1, ...REASON } })],
    'PUT instances/log-level': [
      () => ({ path: 'instances/log-level', body: { level: 'info', ...REASON }, read: () => 'instances' }),
    ],
    'POST pipelines/{id}/commands': [
      () => ({ path: `pipelines/${pipelineId}/commands`, body: command, read: commandOf }),
    ],
    'POST channels/{id}/commands': [
      () => ({ path: `channels/${shop.known('channels')}/commands`, body: command, read: commandOf }),
    ],
    'POST pipelines/{id}/move': [
      async () => {
        await shop.permit('RUNNING');
        const body = { stage: 'load', instance: 'load-2', ...REASON };
        return { path: `pipelines/${pipelineId}/move`, body, read: commandOf };
      },
    ],
    'POST pipelines/{id}/positions/rewind': [
      async () => {
        const path = `pipelines/${pipelineId}/positions`;
        // To and fro, for it stands somewhere each time.
        const to = { kind: 'gtid', gtid: (await shop.isBehind(gtid)) ? before(gtid) : gtid };
        return { path: `${path}/rewind`, body: { to, force: true, ...REASON }, read: () => `${path}/history` };
      },
      () => ({
        path: `pipelines/${pipelineId}/positions/rewind`,
        body: { to: { kind: 'file', file: 'log.1', offset: 4 }, ...REASON },
      }),
    ],
    'POST pipelines/{pipelineId}/resync': [
      { keys: [['1']], rowsPerSecond: 1 },
      { range: { from: ['0'], to: ['1'] } },
      { where: "v = 'x'" },
    ].map((wanted) => () => ({
      path: `pipelines/${pipelineId}/resync`,
      body: { ...resyncTable, ...wanted },
      read: resyncOf,
      undo: stopResync,
    })),
    'POST pipelines/{pipelineId}/resyncs/{id}/stop': [
      async () => {
        const id = await manager.create(`pipelines/${pipelineId}/resync`, { ...resyncTable, where: '1' });
        return { path: `pipelines/${pipelineId}/resyncs/${id}/stop`, read: resyncOf };
      },
    ],
    'POST pipelines/{pipelineId}/skips': [
      async () => ({
        path: await shop.skipsBefore(gtid),
        body: { gtid, confirmHash, ...REASON },
        read: () => `pipelines/${pipelineId}/skips`,
        undo: ({ body }) => shop.remove(`pipelines/${pipelineId}/skips/${String(body['id'])}`),
      }),
    ],
    'DELETE pipelines/{pipelineId}/skips/{id}': [
      async () => {
        const path = await shop.skipsBefore(gtid);
        return { path: `${path}/${await manager.create(path, { gtid, confirmHash, ...REASON })}` };
      },
    ],
    'POST alarms/{id}/acknowledge': [
      async () => {
        const id = must(furnished.existing['alarms']?.[0], 'an alarm');
        const isFiring = "state = 'firing', acknowledged_by = NULL, acknowledged_at = NULL, comment = NULL";
        await installation.sql(`UPDATE ${installation.database}.alarm SET ${isFiring} WHERE id = '${id}'`);
        return { path: `alarms/${id}/acknowledge`, body: { comment: 'c' }, read: () => `alarms/${id}` };
      },
    ],
    'POST receivers/{id}/test-send': [() => ({ path: `receivers/${shop.known('receivers')}/test-send` })],
  };
}

function callsOfCallers(shop: Workshop): WriteCalls {
  const channelIds = [shop.known('channels')];
  const user = { password: PASSWORD, role: 'viewer', channelIds };
  return {
    'POST users': [() => ({ path: 'users', body: { name: shop.name(), ...user } })],
    'PATCH users/{id}': [async () => ({ path: `users/${await shop.create('users', user)}`, body: user })],
    'DELETE users/{id}': [async () => ({ path: `users/${await shop.create('users', user)}` })],
    'POST api-keys': [() => ({ path: 'api-keys', body: { name: shop.name(), role: 'viewer', channelIds } })],
    'DELETE api-keys/{id}': [async () => ({ path: `api-keys/${await shop.create('api-keys', { role: 'viewer' })}` })],
    'POST login': [
      async () => ({ path: 'login', body: { name: (await shop.session()).name, password: PASSWORD }, token: '' }),
    ],
    'PUT session/password': [
      async () => ({
        path: 'session/password',
        body: { current: PASSWORD, password: 'eight new bicycles' },
        token: (await shop.session()).token,
      }),
    ],
    'DELETE session': [async () => ({ path: 'session', token: (await shop.session()).token })],
  };
}

function callsOfTargets(shop: Workshop): WriteCalls {
  const pipelineId = shop.known('pipelines');
  const selection = { pipelineId, schema: 'shop', table: 'orders', code: 'TARGET_ROW_REFUSED' };
  const letter = (): string => `dead-letters/${shop.known('dead-letters')}`;
  const old = `pipelineId=${pipelineId}&before=${new Date(Date.now() + 86_400_000).toISOString()}`;
  const withLetters = (call: WriteCall): readonly Prepare[] => [
    async () => {
      await shop.world.furnished.addLetters();
      return call;
    },
  ];
  return {
    'PATCH dead-letters/{id}': [() => ({ path: letter(), body: { row: { name: 'n' } } })],
    'POST dead-letters/{id}/retry': [() => ({ path: `${letter()}/retry` })],
    'POST dead-letters/{id}/discard': [() => ({ path: `${letter()}/discard` })],
    'POST dead-letters/retry': withLetters({ path: 'dead-letters/retry', body: selection }),
    'POST dead-letters/discard': withLetters({ path: 'dead-letters/discard', body: selection }),
    'DELETE dead-letters': withLetters({ path: `dead-letters?${old}` }),
    'DELETE conflicts': withLetters({ path: `conflicts?${old}` }),
  };
}
