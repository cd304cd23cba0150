import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PipelineView } from '@lutra/api-client';
import { must } from '@lutra/model';
import { connectTo, LocalStack, lutraHome, runSql, samePair, startServerGroup } from '@lutra/testing';
import type { ServerGroup, TableComparison } from '@lutra/testing';
import type { Screen } from '../screen.ts';
import { writeClientScript } from './client-script.ts';
import type { DemoOptions } from './options.ts';
import { Random } from './random.ts';
import { SHOP, SHOP_DDL, SHOP_TABLES } from './shop-schema.ts';
import { ShopWorkload } from './shop-workload.ts';
import { supervise } from './supervise.ts';

export interface DemoRun extends DemoOptions {
  readonly folder: string;
  readonly screen: Screen;
  /** Aborts when the user wants to end. */
  readonly stopped: AbortSignal;
  /** From here on an orderly end is up to us. */
  readonly onUp: () => void;
}

const API_PORT = 8080;
/** The demo writes small rows; a small redo log starts faster. */
const REDO_LOG_BYTES = 192 * 1024 * 1024;
const CATCH_UP_LIMIT_MS = 120_000;
const PROGRESS_EVERY_MS = 250;

/** Returns the exit code: 0 when both sides were equal. */
export async function runDemo(run: DemoRun): Promise<number> {
  const startedMs = performance.now();
  const group = await startServers(run);
  const stopping = new AbortController();
  let stack: LocalStack | null = null;
  try {
    stack = await startServices(run, group);
    run.onUp();
    supervise(stack, stopping.signal, (line) => {
      run.screen.line(line);
    });
    const pipelineId = await stack.createPipeline({
      name: SHOP,
      mappings: [{ source: { schema: SHOP, table: { regex: '.+' } }, target: { schema: SHOP } }],
    });
    run.screen.line(`Pipeline ${SHOP} runs after ${seconds(performance.now() - startedMs)}; the shop opens.`);
    const workload = await workInShop(run, stack, group, pipelineId);
    if (run.stopped.aborted) return 130;
    if (run.corrupt) await corruptOneRow(stack);
    const isEqual = await compareAndTell(run, stack, workload);
    if (!run.once && !run.stopped.aborted) await stayUp(run, stack, group, pipelineId);
    return isEqual ? 0 : 1;
  } finally {
    stopping.abort();
    await stack?.stop();
    await group.stop();
  }
}

async function startServers({ folder, screen }: DemoRun): Promise<ServerGroup> {
  const group = await startServerGroup({
    home: lutraHome(),
    folder,
    databases: { source: { kind: 'mariadb' }, target: { kind: 'mariadb' } },
    redoLogBytes: REDO_LOG_BYTES,
    onUnpack: (progress) => {
      screen.unpacking(progress);
    },
    onLeftovers: (names) => {
      screen.line(`Ended what a killed run had left: ${names.join(', ')}`);
    },
  });
  const at = (name: string): string => `127.0.0.1:${String(group.databases[name]?.port)}`;
  screen.line(
    `Source ${group.versions['source'] ?? ''} on ${at('source')}, target ${group.versions['target'] ?? ''} on ${at('target')}`,
  );
  screen.line(`NATS on ${group.nats.servers}, ZooKeeper on ${group.zookeeper.servers}`);
  return group;
}

async function startServices(run: DemoRun, group: ServerGroup): Promise<LocalStack> {
  const source = must(group.databases['source'], 'source');
  const target = must(group.databases['target'], 'target');
  await Promise.all([source, target].map((server) => runSql(server, SHOP_DDL)));
  const stack = await LocalStack.start({
    folder: run.folder,
    home: lutraHome(),
    servers: { source, target, manager: target, nats: group.nats, zookeeper: group.zookeeper },
    schemas: [SHOP],
    namespace: 'lutra',
    managerPort: API_PORT,
  });
  run.screen.line(`Services: ${stack.allInstances.map(({ name, pid }) => `${name} (${String(pid)})`).join(', ')}`);
  return stack;
}

/** Runs the shop while the progress line shows what arrives; returns when the target has caught up, or the limit is over. */
async function workInShop(
  run: DemoRun,
  stack: LocalStack,
  group: ServerGroup,
  pipelineId: string,
): Promise<ShopWorkload> {
  const connection = await connectTo(must(group.databases['source'], 'source'));
  const plan = { customers: 300, articles: 500, orders: run.orders, catalogueRows: 20_000 };
  const workload = new ShopWorkload(connection, new Random(run.seed), plan);
  const work = workload.run(run.stopped);
  let isWorking = true;
  const ended = work.finally(() => {
    isWorking = false;
  });
  // The error is thrown where the work is awaited; until then it is no unhandled one.
  ended.catch(() => undefined);
  let deadline = Infinity;
  for (;;) {
    const view = await stack.api.pipeline(pipelineId).catch(() => null);
    run.screen.live(progressLine(workload.rows, view));
    if (!isWorking && deadline === Infinity) deadline = performance.now() + CATCH_UP_LIMIT_MS;
    const hasAll = !isWorking && (view?.rowsLoaded ?? 0) >= workload.rows;
    if (hasAll || run.stopped.aborted || performance.now() > deadline) break;
    await sleep(PROGRESS_EVERY_MS);
  }
  await ended;
  connection.destroy();
  run.screen.keep();
  return workload;
}

function progressLine(rowsIn: number, view: PipelineView | null): string {
  const whole = (value: number | null | undefined): string =>
    (value ?? 0).toLocaleString('en', { maximumFractionDigits: 0 });
  const delay = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : `${whole(value)} ms`;
  const parts = [
    `rows in ${whole(rowsIn)}`,
    `applied ${whole(view?.rowsLoaded)}`,
    `${whole(view?.rowsPerSecond)} rows/s`,
    `delay p50 ${delay(view?.delayMsP50)}, p99 ${delay(view?.delayMsP99)}`,
  ];
  if (view !== null && view.failure !== null) parts.push(`${view.failure.code}: ${view.failure.message}`);
  return parts.join(' · ');
}

async function compareAndTell(run: DemoRun, stack: LocalStack, workload: ShopWorkload): Promise<boolean> {
  const pairs = SHOP_TABLES.map((table) => samePair(SHOP, table));
  // Corrupted on purpose: it will not become equal by waiting.
  const comparison = await stack.waitEqual(pairs, run.corrupt ? 0 : CATCH_UP_LIMIT_MS);
  run.screen.line(
    `${String(workload.transactions)} transactions, ${String(workload.rows)} rows. Full content of both sides, SHA-256:`,
  );
  for (const table of comparison) run.screen.line(`  ${describe(table)}`);
  const isEqual = comparison.every((table) => table.isEqual);
  run.screen.line(isEqual ? 'Source and target are equal.' : 'SOURCE AND TARGET DIFFER.');
  return isEqual;
}

function describe({ pair, source, target, isEqual, firstDifference }: TableComparison): string {
  const table = pair.source.table.padEnd(12);
  const hashes = `${source.sha256.slice(0, 16)} ${isEqual ? '=' : '≠'} ${target.sha256.slice(0, 16)}`;
  const rows = `${String(source.rows).padStart(7)} rows`;
  return `${table} ${rows}  ${hashes}${isEqual ? '' : `  first difference at key ${String(firstDifference)}`}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** One digit of one price, at the target only. */
const corruptOneRow = (stack: LocalStack): Promise<void> =>
  runSql(stack.options.servers.target, [`UPDATE ${SHOP}.stock SET price = price + 0.01 ORDER BY sku LIMIT 1`]);

async function stayUp(run: DemoRun, stack: LocalStack, group: ServerGroup, pipelineId: string): Promise<void> {
  const { screen } = run;
  const shown = (file: string): string => relative(process.cwd(), file);
  const api = `${stack.api.address}/api/v1`;
  const curl = `curl -s -H "Authorization: Bearer $(cat ${shown(stack.tokenFile)})"`;
  screen.line('');
  screen.line(`API        ${api}   pages: ${stack.api.address}/api/docs   token: ${shown(stack.tokenFile)}`);
  screen.line(`Pipeline   ${curl} ${api}/pipelines/${pipelineId}`);
  screen.line(`Processes  ${curl} ${api}/pipelines/${pipelineId}/processes`);
  screen.line(`Instances  ${curl} ${api}/instances`);
  for (const name of ['source', 'target']) {
    const script = writeClientScript(join(run.folder, `sql-${name}`), must(group.databases[name], name));
    if (script !== null) screen.line(`${name === 'source' ? 'Source SQL' : 'Target SQL'} ${shown(script)} ${SHOP}`);
  }
  screen.line(`Logs       ${shown(stack.logFolder)}`);
  screen.line(
    'Change rows at the source and find them at the target; kill a service and it is started again. Ctrl-C ends everything.',
  );
  // The timer keeps the process alive: waiting for a signal alone does not.
  while (!run.stopped.aborted) await sleep(500);
}
