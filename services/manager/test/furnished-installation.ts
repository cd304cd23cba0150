import { randomBytes } from 'node:crypto';
import { resolveStart, SourceSession } from '@lutra/binlog';
import type { Membership } from '@lutra/coordination';
import { systemClock } from '@lutra/model';
import type { InstanceDescription, Permit, RowChange } from '@lutra/model';
import {
  addConflictStatements,
  addDeadLetterStatements,
  ensureCheckpointTable,
  ensureConflictTable,
  ensureDeadLetterTable,
  insertOrigin,
  openTarget,
  resolveStatement,
} from '@lutra/sql';
import type { NewConflict, NewDeadLetter, TargetSession } from '@lutra/sql';
import { connectTo, testServers, waitUntil } from '@lutra/testing';
import type { Existing } from './arbitrary-request.ts';
import type { RunningManager } from './running-manager.ts';

/** Instances that the coordinator knows; the third one is lost, and its service has no other, which would take its place. */
const INSTANCES = ['load-1', 'load-2', 'extract-9'] as const;
const NOBODY_THERE = { kind: 'mariadb', host: '127.0.0.1', user: 'u', password: 'p' };
const MAPPED_ROWS = 2;

/** A manager with one of each thing that the API speaks of. */
export interface Furnished {
  /** By collection, as addresses name it: 'channels' → ids. The first of each belongs to a pipeline between real servers. */
  readonly existing: Existing;
  /** Of the data sources that are no databases, and of what uses them. */
  readonly deadIds: readonly string[];
  /** Puts an open dead letter, a settled one and a conflict to those of the pipeline between real servers. */
  addLetters(): Promise<void>;
  /** Leaves what is registered, and removes what was made at the servers. */
  close(): Promise<void>;
}

/** Furnishes a new installation: what stages would have written is put where they write it. */
export async function furnish(manager: RunningManager): Promise<Furnished> {
  const schema = `furnished_${randomBytes(4).toString('hex')}`;
  const create = (path: string, body: object): Promise<string> => manager.create(path, body);
  const { mariadbSource, mariadbTarget } = testServers();
  const http = { url: 'http://127.0.0.1:1/hook' };
  const receiverId = await create('receivers', { name: 'fuzzed', kind: 'webhook', http });
  const ruleId = await create('alarm-rules', { name: 'fuzzed', kind: 'instanceLost', threshold: 0 });
  await loseInstance(manager);

  const loginOf = ({ kind, host, port, user, password }: typeof mariadbSource): object => ({
    ...{ kind, host, port, user, password },
  });
  const live = await createPipeline(manager, {
    name: 'fuzzed',
    source: loginOf(mariadbSource),
    target: loginOf(mariadbTarget),
    schema,
  });
  const [source, target] = [1, 2].map((port) => ({ ...NOBODY_THERE, port })) as [object, object];
  const dead = await createPipeline(manager, { name: 'dead', source, target, schema });
  const removed = await create('pipelines', { ...dead.made, name: 'removed' });
  await manager.request('DELETE', `/api/v1/pipelines/${removed}`);

  const members: Membership[] = [];
  for (const instance of INSTANCES.slice(0, 2)) members.push(await manager.coordinator.join(memberNamed(instance)));
  await manager.coordinator.writePermit(live.pipelineId, PAUSED, null);
  const session = await openSession();
  const gtid = await writeRows(session, { schema, pipelineId: live.pipelineId });
  await ensureDeadLetterTable(session);
  await ensureConflictTable(session);
  await session.close();
  let letters = 0;
  const addLetters = async (): Promise<void> => {
    const again = await openSession();
    await writeLetters(again, { pipelineId: live.pipelineId, first: letters + 1 });
    await again.close();
    letters += 2;
  };
  await addLetters();
  const pipeline = `pipelines/${live.pipelineId}`;
  const seen = await manager.request('GET', `/api/v1/${pipeline}/skips/preview?gtid=${gtid}`);
  const confirmHash = String(seen.body['hash']);
  const row = { event: 0, row: 0 };
  const skipId = await create(`${pipeline}/skips`, { gtid, confirmHash, row, reason: 'a test' });
  const firstOf = async (path: string): Promise<string> =>
    String((await manager.request('GET', `/api/v1/${path}`)).body.items?.[0]?.['id']);
  const alarmId = await waitUntil(async () => (await firstOf(`alarms?ruleId=${ruleId}`)).match(/^\w{26}$/)?.[0], {
    ...{ what: 'the alarm of the lost instance', timeoutMs: 60_000 },
  });
  const commandId = await create(`${pipeline}/commands`, { kind: 'PAUSE', reason: 'a test' });
  const kept = await manager.request('GET', `/api/v1/dead-letters?pipelineId=${live.pipelineId}&state=open`);
  const of = (name: 'channelId' | 'pipelineId' | 'mappingId'): readonly string[] => [live[name], dead[name]];
  return {
    existing: {
      ...{ channels: of('channelId'), pipelines: of('pipelineId'), mappings: of('mappingId'), receivers: [receiverId] },
      'data-sources': [live.made.sourceId, live.made.targetId, dead.made.sourceId, dead.made.targetId],
      ...{ 'alarm-rules': [ruleId], alarms: [alarmId], commands: [commandId], removals: [removed], skips: [skipId] },
      users: [await create('users', { name: 'fuzzed', password: 'seven old bicycles', role: 'viewer' })],
      'api-keys': [await create('api-keys', { name: 'fuzzed', role: 'viewer' })],
      'dead-letters': kept.body.items?.map(({ id }) => String(id)) ?? [],
      conflicts: [await firstOf(`conflicts?pipelineId=${live.pipelineId}`)],
      ...{ instances: INSTANCES, schemas: [schema], tables: ['t'], gtids: [gtid], hashes: [confirmHash] },
    },
    deadIds: [dead.made.sourceId, dead.made.targetId, dead.pipelineId, dead.channelId, removed],
    addLetters,
    async close(): Promise<void> {
      for (const member of members) await member.leave();
      for (const instance of (await manager.coordinator.instanceOrders()).keys())
        await manager.coordinator.removeInstanceOrder(instance);
      for (const server of [mariadbSource, mariadbTarget]) {
        const connection = await connectTo(server);
        await connection.query(`DROP DATABASE ${schema}`);
        if (server === mariadbTarget)
          for (const table of ['checkpoint', 'dead_letter', 'conflict'])
            await connection.query(`DELETE FROM lutra.${table} WHERE pipeline_id = '${live.pipelineId}'`);
        connection.destroy();
      }
    },
  };
}

interface MadePipeline {
  readonly made: { readonly channelId: string; readonly sourceId: string; readonly targetId: string };
  readonly channelId: string;
  readonly pipelineId: string;
  readonly mappingId: string;
}

async function createPipeline(
  manager: RunningManager,
  given: { readonly name: string; readonly source: object; readonly target: object; readonly schema: string },
): Promise<MadePipeline> {
  const { name, source, target, schema } = given;
  const channelId = await manager.create('channels', { name });
  const sourceId = await manager.create('data-sources', { ...source, name: `${name} source` });
  const targetId = await manager.create('data-sources', { ...target, name: `${name} target` });
  const made = { channelId, sourceId, targetId };
  const pipelineId = await manager.create('pipelines', { ...made, name });
  const mapping = { source: { schema, table: { exact: 't' } }, target: { schema } };
  const mappingId = await manager.create(`pipelines/${pipelineId}/mappings`, mapping);
  return { made, channelId, pipelineId, mappingId };
}

/** A checkpoint at the target, and behind it a transaction of two rows at the source; returns its GTID. */
async function writeRows(
  session: TargetSession,
  { schema, pipelineId }: { readonly schema: string; readonly pipelineId: string },
): Promise<string> {
  const { mariadbSource } = testServers();
  const { kind, host, port, user, password } = mariadbSource;
  const source = await SourceSession.open({
    definition: { kind, host, port, user, tls: 'disabled' } as const,
    ...{ password, clock: systemClock },
  });
  const connection = await connectTo(mariadbSource);
  const table = `${schema}.t (id INT PRIMARY KEY, v VARCHAR(20))`;
  try {
    await connection.query(`CREATE DATABASE ${schema}`);
    await connection.query(`CREATE TABLE ${table}`);
    const place = await resolveStart(source, { kind: 'latest' });
    const rows = Array.from({ length: MAPPED_ROWS }, (_, i) => `(${String(i)}, 'x')`);
    await connection.query(`INSERT INTO ${schema}.t VALUES ${rows.join()}`);
    const [found] = await connection.query('SELECT @@last_gtid AS gtid');
    await session.execute([{ sql: `CREATE DATABASE ${schema}` }, { sql: `CREATE TABLE ${table}` }]);
    await ensureCheckpointTable(session);
    await insertOrigin(session, { pipelineId, epoch: 1, owner: 'load' }, { place, revision: 1, lanes: 1 });
    return String((found as unknown as { gtid: string }[])[0]?.gtid);
  } finally {
    source.close();
    connection.destroy();
  }
}

const DEFINITION: NewDeadLetter['definition'] = {
  ...{ schema: 'shop', table: 'orders', primaryKey: [0] },
  columns: [
    { name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 },
    { name: 'name', kind: 'text', declared: 'varchar(9)', nullable: true, length: 9 },
  ],
};
const UPDATE: RowChange = {
  ...{ table: 0, event: 1, row: 0, part: 0, flags: 0 },
  ...{ kind: 'update', before: [1n, 'old'], after: [1n, 'new'] },
};

/** An open dead letter, a settled one, and a conflict. */
async function writeLetters(
  session: TargetSession,
  { pipelineId, first }: { readonly pipelineId: string; readonly first: number },
): Promise<void> {
  const letter = (seq: number): NewDeadLetter => ({
    ...{ epoch: 1, process: 2, serverUuid: 'a', seq, gtid: `0-1-${String(seq)}`, revision: 1, change: UPDATE },
    ...{ definition: DEFINITION, statement: 'UPDATE `orders`', attempts: 3, follows: null },
    error: { code: 'TARGET_ROW_REFUSED', message: 'The target refuses a row', errno: 1062 },
  });
  const conflict: NewConflict = {
    ...{ epoch: 1, process: 2, gtid: '0-1-9', definition: DEFINITION, change: UPDATE, keyColumns: ['id'] },
    type: 'row-differs',
    decision: 'kept',
    found: [1n, 'theirs'],
  };
  const id = `1-${String(first + 1)}-1-0-0`;
  await session.execute([
    ...addDeadLetterStatements(pipelineId, [letter(first), letter(first + 1)]),
    resolveStatement({ pipelineId, id }, { expected: 'open', to: 'discarded' }),
    ...addConflictStatements(pipelineId, [conflict]),
  ]);
  await session.commit();
}

function openSession(): Promise<TargetSession> {
  const { mariadbTarget: server } = testServers();
  const definition = { id: 'T', name: 't', ...server, password: '', tls: 'disabled' } as const;
  return openTarget(definition, server.password, { clock: systemClock });
}

/** An alarm for each rule that asks for lost instances. */
const loseInstance = (manager: RunningManager): Promise<void> =>
  manager.bus.publishEvent({
    ...{ v: 1, who: 'arbiter-1', pipelineId: null, epoch: null, process: null, traceId: null },
    ...{ kind: 'instance-lost', service: 'extract', instance: INSTANCES[2], at: new Date().toISOString() },
  });

const memberNamed = (instance: string): InstanceDescription => ({
  ...{ service: 'load', instance, host: 'test', pid: 1, version: '0', startedAt: '2026-11-21T10:00:00.000Z' },
  ...{ httpPort: 1, load: { cpu: 0, memoryBytes: 1, tasks: 0 }, weight: 1, draining: false },
});

export const PAUSED: Permit = {
  ...{ state: 'PAUSED', epoch: 3, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
  ...{ since: '2026-11-21T10:00:00.000Z', by: 'admin', attempt: 0, nextAttemptAt: null },
};
