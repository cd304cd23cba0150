import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '@lutra/model';
import { openBus } from '@lutra/messaging';
import {
  connectTo,
  dumpDatabase,
  LocalStack,
  lutraHome,
  projectRoot,
  startServerGroup,
  waitUntil,
} from '@lutra/testing';
import type { ServerGroup } from '@lutra/testing';
import { runTool } from '../run-tool.ts';

// `npm run dump -- NAME`: what the manager of this release keeps, with some rows in it, into services/manager/test/dumps/NAME.sql.
// Recorded once, when a release is closed, and never again: every later manager has to migrate it (dumps.mysql.test.ts).
await runTool(async () => {
  const name = process.argv[2];
  if (name === undefined || !/^[\w.-]+$/.test(name)) throw new Error('npm run dump -- NAME, such as issue-5');
  const group = await startServerGroup({
    home: lutraHome(),
    folder: join(lutraHome(), 'dump-servers'),
    databases: { store: { kind: 'mariadb' } },
  });
  try {
    const text = await record(group);
    const folder = join(projectRoot, 'services', 'manager', 'test', 'dumps');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.sql`), text);
    process.stdout.write(`services/manager/test/dumps/${name}.sql: ${String(text.length)} characters\n`);
  } finally {
    await group.stop();
  }
  return 0;
});

async function record({ databases, nats, zookeeper }: ServerGroup): Promise<string> {
  const server = must(databases['store'], 'store');
  const stack = await LocalStack.start({
    folder: join(lutraHome(), 'dump-stack'),
    home: lutraHome(),
    servers: { source: server, target: server, manager: server, nats, zookeeper },
    services: { manager: 1, arbiter: 0, select: 0, extract: 0, transform: 0, load: 0 },
    schemas: [],
    namespace: 'dumped',
  });
  const store = `${stack.namespace}_manager`;
  try {
    const pipelineId = await fill(stack);
    const bus = await openBus({ ...nats, name: 'dump', namespace: stack.namespace });
    await bus.publishEvent({
      ...{ v: 1, kind: 'loaded', at: new Date().toISOString(), who: 'load-1', pipelineId, epoch: 1, process: 1 },
      ...{ traceId: null, end: { done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null }, revision: 1 },
      ...{ transactionCount: 2, inserted: 3, updated: 2, deleted: 1, skipped: 0, conflicts: 0, sourceBytes: 700 },
      ...{ firstCommitMs: Date.now(), lastCommitMs: Date.now(), stages: [] },
    });
    await bus.close();
    await waitUntil(() => hasStatistics(stack.options.servers.manager, store), {
      what: 'statistics to be written',
      timeoutMs: 150_000,
    });
    return await dumpDatabase(server, store);
  } finally {
    await stack.stop();
  }
}

/** One of everything that every release since the first can keep. */
async function fill({ api }: LocalStack): Promise<string> {
  const { id: channelId } = await api.post('/channels', { body: { name: 'shop', description: 'Ä–ö 漢' } });
  const dataSource = { host: 'db.example.com', port: 3306, user: 'lutra', password: 'a password' };
  const source = await api.post('/data-sources', { body: { ...dataSource, name: 's', kind: 'mysql' } });
  const standbys = [{ host: 'standby.example.com', port: 3307 }];
  const target = await api.post('/data-sources', { body: { ...dataSource, name: 't', kind: 'mariadb', standbys } });
  const { id } = await api.post('/pipelines', {
    body: {
      ...{ channelId, name: 'berlin-to-lisbon', sourceId: source.id, targetId: target.id },
      parameters: { lanes: 2, onPoison: 'deadLetter' },
      start: { kind: 'time', time: '2026-11-21T10:00:00Z' },
    },
  });
  for (const table of [{ exact: 'orders' }, { regex: 'stock_\\d+' }])
    await api.post('/pipelines/{pipelineId}/mappings', {
      path: { pipelineId: id },
      body: { source: { schema: 'shop', table }, target: { schema: 'copy' } },
    });
  await api.command(id, 'START', 'a dump', { force: true });
  await fillAccess(api, channelId);
  await fillAlarms(api, id);
  return id;
}

/** Since issue 6. */
async function fillAccess(api: LocalStack['api'], channelId: string): Promise<void> {
  await api.post('/users', { body: { name: 'anna', password: 'correct horse battery staple', role: 'operator' } });
  await api.post('/api-keys', { body: { name: 'ci', role: 'viewer', channelIds: [channelId] } });
  await api.patch('/system-parameters', { body: { removalDays: 9, logLevel: 'debug' } });
}

/** Since issue 6. The rule and the pipeline have a second revision. */
async function fillAlarms(api: LocalStack['api'], pipelineId: string): Promise<void> {
  const http = { url: 'https://hooks.example.com/a-secret-path' };
  const receiver = await api.post('/receivers', { body: { name: 'desk', kind: 'webhook', http } });
  const scope = { pipelineIds: [pipelineId], channelIds: [] };
  const rule = await api.post('/alarm-rules', {
    body: { name: 'late', kind: 'delay', threshold: 5_000, scope, receiverIds: [receiver.id] },
  });
  const path = { id: rule.id };
  await api.patch('/alarm-rules/{id}', { path, headers: { 'X-Comment': 'quiet' }, body: { threshold: 60_000 } });
  await api.patch('/pipelines/{id}', { path: { id: pipelineId }, body: { parameters: { maxRows: 700 } } });
}

/** Whatever their table is called in this release. */
async function hasStatistics(server: Parameters<typeof connectTo>[0], store: string): Promise<boolean> {
  const connection = await connectTo(server, store);
  try {
    const [found] = await connection.query(`SHOW TABLES WHERE Tables_in_${store} REGEXP '^statistic_(minute|1m)$'`);
    for (const row of found as Readonly<Record<string, unknown>>[]) {
      const [rows] = await connection.query(`SELECT 1 FROM \`${String(Object.values(row)[0])}\` LIMIT 1`);
      if ((rows as unknown[]).length > 0) return true;
    }
    return false;
  } finally {
    connection.destroy();
  }
}
