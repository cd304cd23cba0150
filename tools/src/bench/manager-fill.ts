import { readFileSync } from 'node:fs';
import type { Connection } from 'mysql2/promise';
import { must } from '@lutra/model';
import { connectTo, waitUntil } from '@lutra/testing';
import type { DatabaseServer, LocalStack } from '@lutra/testing';

export interface FilledManager {
  readonly token: string;
  readonly pipelineIds: readonly string[];
  readonly channelIds: readonly string[];
}

const PIPELINES = 500;
const PIPELINES_PER_CHANNEL = 10;
const MAPPINGS = 2;
/** Slots of a step that is full. */
const SLOTS = { '1s': 3_600, '1m': 10_080, '1h': 2_160, '1d': 1_825 } as const;
const SLOT_MS = { '1s': 1_000, '1m': 60_000, '1h': 3_600_000, '1d': 86_400_000 } as const;
/** Every tenth pipeline has as many processes as are kept, the others a few. */
const PROCESSES_MAX = 10_000;
const PROCESSES_FEW = 200;

/** A slot as a busy pipeline has it: two dozen classes of delay, all stages. */
const SLOT_BODY = `CONCAT('{"counts":{"inserted":', 100 + seq % 900, ',"updated":', seq % 500,
  ',"deleted":17,"transactions":120,"processes":12,"sourceBytes":', 90000 + seq, '},"delays":[',
  '[40,1],[45,3],[50,5],[52,8],[55,13],[57,21],[60,34],[62,55],[64,34],[66,21],[68,13],[70,8],[72,5],[75,3],[80,2],[90,1],[110,1]',
  '],"delayMsMax":', 120 + seq % 300, ',"stages":{"select":{"ms":60,"msMax":9},"extract":{"ms":30,"msMax":5},',
  '"transform":{"ms":12,"msMax":2},"load":{"ms":150,"msMax":31},"process":{"ms":300,"msMax":47}}}')`;
const TABLES_BODY = `CONCAT('[', '["shop.orders",[', seq % 700, ',20,3,0]],["shop.items",[', seq % 900,
  ',0,0,0]],["shop.customers",[3,7,0,0]],["shop.payments",[40,2,0,0]],["shop.events",[900,0,0,0]]]')`;

/** Configures pipelines over the API, and fills what is kept of them by statements. Takes minutes at full size. */
export async function fillManager(options: {
  readonly stack: LocalStack;
  readonly server: DatabaseServer;
  readonly scale: number;
  readonly say: (text: string) => void;
}): Promise<FilledManager> {
  const { stack, server, scale, say } = options;
  const pipelines = Math.max(PIPELINES_PER_CHANNEL, Math.round(PIPELINES * scale));
  const { pipelineIds, channelIds } = await configure(stack, pipelines);
  say(`manager: ${String(pipelines)} pipelines configured`);
  const connection = await connectTo(server, `${stack.namespace}_manager`);
  try {
    await connection.query('SET SESSION sql_log_bin = 0, unique_checks = 0');
    await fillSlots(connection, [...pipelineIds, ...channelIds, 'installation'], say);
    await fillTables(connection, pipelineIds);
    await fillProcesses(connection, pipelineIds);
    await connection.query(
      'ANALYZE TABLE statistic_1s, statistic_1m, statistic_1h, statistic_1d, statistic_table_1m, statistic_table_1h, statistic_table_1d, process_history',
    );
    say('manager: filled');
  } finally {
    connection.destroy();
  }
  return { token: readFileSync(stack.tokenFile, 'utf8').trim(), pipelineIds, channelIds };
}

async function configure(
  { api }: LocalStack,
  count: number,
): Promise<{ readonly pipelineIds: readonly string[]; readonly channelIds: readonly string[] }> {
  const login = { kind: 'mariadb', host: '127.0.0.1', user: 'u', password: 'p' } as const;
  const { id: sourceId } = await api.post('/data-sources', { body: { ...login, name: 'source', port: 3301 } });
  const { id: targetId } = await api.post('/data-sources', { body: { ...login, name: 'target', port: 3302 } });
  const pipelineIds: string[] = [];
  const channelIds: string[] = [];
  for (let n = 0; n < count; n++) {
    if (n % PIPELINES_PER_CHANNEL === 0)
      channelIds.push((await api.post('/channels', { body: { name: `channel-${String(n)}` } })).id);
    const channelId = must(channelIds.at(-1), 'the first pipeline made one');
    const { id } = await api.post('/pipelines', { body: { channelId, name: `p-${String(n)}`, sourceId, targetId } });
    pipelineIds.push(id);
    for (let m = 0; m < MAPPINGS; m++)
      await api.post('/pipelines/{pipelineId}/mappings', {
        path: { pipelineId: id },
        body: {
          source: { schema: 'shop', table: { exact: `t${String(n)}_${String(m)}` } },
          target: { schema: 'shop', table: `t${String(n)}_${String(m)}` },
        },
      });
  }
  await waitUntil(async () => (await api.get('/channels')) !== undefined, { what: 'the API', timeoutMs: 10_000 });
  return { pipelineIds, channelIds };
}

async function fillSlots(
  connection: Connection,
  scopes: readonly string[],
  say: (text: string) => void,
): Promise<void> {
  for (const [step, count] of Object.entries(SLOTS)) {
    const newest = Math.floor(Date.now() / SLOT_MS[step as keyof typeof SLOTS]);
    for (const scope of scopes)
      await connection.query(
        `INSERT IGNORE INTO statistic_${step} (scope, slot, body)
         SELECT ?, ? + seq, ${SLOT_BODY} FROM seq_1_to_${String(count)}`,
        [scope, newest - count],
      );
    say(`manager: ${(scopes.length * count).toLocaleString('en')} slots of ${step}`);
  }
}

async function fillTables(connection: Connection, pipelineIds: readonly string[]): Promise<void> {
  for (const step of ['1m', '1h', '1d'] as const) {
    const count = SLOTS[step];
    const newest = Math.floor(Date.now() / SLOT_MS[step]);
    for (const id of pipelineIds)
      await connection.query(
        `INSERT IGNORE INTO statistic_table_${step} (scope, slot, body)
         SELECT ?, ? + seq, ${TABLES_BODY} FROM seq_1_to_${String(count)}`,
        [id, newest - count],
      );
  }
}

async function fillProcesses(connection: Connection, pipelineIds: readonly string[]): Promise<void> {
  const times = ['select', 'extract', 'transform', 'load'].map(
    (stage, n) =>
      `{"stage":"${stage}","instance":"${stage}-1","startMs":${String(1_000 + n)},"endMs":${String(1_003 + n)},"rowCount":100,"bytes":9000}`,
  );
  const body = JSON.stringify({
    ...{ v: 1, kind: 'loaded', at: '2026-01-01T00:00:00.000Z', who: 'load-1', epoch: 1, process: 1, traceId: 'abc' },
    ...{ revision: 1, transactionCount: 10, inserted: 50, updated: 40, deleted: 10, skipped: 0, conflicts: 0 },
    ...{ sourceBytes: 9_000, firstCommitMs: 900, lastCommitMs: 990 },
  }).replace(/\}$/, `,"stages":[${times.join(',')}]}`);
  for (const [n, id] of pipelineIds.entries())
    await connection.query(
      `INSERT IGNORE INTO process_history (pipeline_id, epoch, process, loaded_ms, age_ms, body)
       SELECT ?, 1, seq, ? + seq * 2000, seq * 7919 % 5000, ? FROM seq_1_to_${String(n % 10 === 0 ? PROCESSES_MAX : PROCESSES_FEW)}`,
      [id, Date.now() - PROCESSES_MAX * 2_000, body],
    );
}
