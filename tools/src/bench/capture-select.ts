import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FramedEvent } from '@lutra/binlog';
import { compileMappings, DEFAULT_PARAMETERS } from '@lutra/model';
import type { DatabaseServer } from '@lutra/testing';
import { projectRoot } from '@lutra/testing';
import type { CaptureOptions } from './capture-bench.ts';
import type { BenchLog } from './capture-logs.ts';
import { countEvents, readWithLutra } from './capture-readers.ts';
import type { Reading } from './capture-readers.ts';
import { medianOf, measureOf } from './measure.ts';

/** What select does with a batch, as far as the bench needs it: a service exports nothing. */
interface Builder {
  readonly mustClose: boolean;
  readonly hasProgress: boolean;
  consume(events: readonly FramedEvent[], from: number): number;
  close(): { readonly rowsEvents: number };
}

interface SelectParts {
  readonly ProcessBuilder: new (options: object) => Builder;
  readonly TableFilter: new (matcher: object) => object;
  readonly PreparedTransactions: new () => object;
}

const LIMITS = { ...DEFAULT_PARAMETERS, bytesPerRow: 100, eventBytesMax: 130 * 1024 * 1024 };
const MAPPINGS = { mapped: 'orders', unmapped: 'pictures' } as const;

/**
 * Single-row transactions through select's own work: framing, then processes built of them, encoded and thrown away. Three
 * readings in turns, because the difference between them is what is looked for: framing alone, table not mapped, table mapped.
 */
export async function benchSelect(
  server: DatabaseServer,
  log: BenchLog,
  { runs, print }: Pick<CaptureOptions, 'runs' | 'print'>,
): Promise<void> {
  const parts = await loadSelect();
  const readings = { framing: [] as Reading[], mapped: [] as Reading[], unmapped: [] as Reading[] };
  for (let run = -1; run < runs; run += 1) {
    const framing = await readWithLutra(server, log, {});
    const [mapped, unmapped] = [await read(server, log, parts, 'mapped'), await read(server, log, parts, 'unmapped')];
    // One of each to warm up.
    if (run < 0) continue;
    readings.framing.push(framing);
    readings.mapped.push(mapped);
    readings.unmapped.push(unmapped);
  }
  const microseconds = (of: readonly Reading[]): number =>
    medianOf(of.map(({ cpuSeconds }) => (cpuSeconds / log.rowCount) * 1e6));
  for (const name of ['unmapped', 'mapped'] as const) {
    const ours = readings[name].map(({ seconds }) => log.rowCount / seconds);
    const note = `CPU ${microseconds(readings[name]).toFixed(2)} s per million transactions, ${microseconds(readings.framing).toFixed(2)} s of them framing`;
    print({ ...measureOf(`capture.select.${name}`, 'rows/s', { ours }), note });
  }
}

async function read(
  server: DatabaseServer,
  log: BenchLog,
  parts: SelectParts,
  name: keyof typeof MAPPINGS,
): Promise<Reading> {
  const builder = newBuilder(server, parts, MAPPINGS[name]);
  let kept = 0;
  const reading = await readWithLutra(server, log, {
    reader: (events) => {
      for (let next = builder.consume(events, 0); next < events.length || builder.mustClose;) {
        if (!builder.mustClose) throw new Error('select stopped: the figures would mean nothing');
        kept += builder.close().rowsEvents;
        next = builder.consume(events, next);
      }
      return countEvents(events);
    },
  });
  if (builder.hasProgress) kept += builder.close().rowsEvents;
  const expected = name === 'mapped' ? log.rowCount : 0;
  if (reading.count !== log.rowCount || kept !== expected)
    throw new Error(`select kept ${String(kept)} rows of ${String(log.rowCount)}`);
  return reading;
}

function newBuilder({ kind }: DatabaseServer, parts: SelectParts, table: string): Builder {
  const mapping = { id: table, source: { schema: 'bench', table: { exact: table } }, target: { schema: 'copy' } };
  const matcher = compileMappings([{ ...mapping, columns: { mode: 'all' } }]);
  const done = kind === 'mariadb' ? { kind: 'mariadbGtid', gtidList: '' } : { kind: 'mysqlGtid', gtidSet: '' };
  const harmless = { warning: null, stop: null, opensTransaction: false };
  return new parts.ProcessBuilder({
    start: { place: { done, inside: null }, serverUuid: '', seq: 0, commitMsOf: (ms: number) => ms, undone: new Map() },
    filter: new parts.TableFilter(matcher),
    judge: () => harmless,
    limits: () => LIMITS,
    revision: () => 1,
    prepared: new parts.PreparedTransactions(),
    openSink: () => ({ write: () => undefined, isFull: false, drain: () => Promise.resolve() }),
  });
}

/** From what is built of the service: nobody imports a service, and a bench is no reason to begin with it. */
async function loadSelect(): Promise<SelectParts> {
  const folder = join(projectRoot, 'services', 'select', 'dist');
  const load = async (file: string): Promise<Partial<SelectParts>> =>
    (await import(pathToFileURL(join(folder, file)).href)) as Partial<SelectParts>;
  const { ProcessBuilder } = await load('process-builder.js');
  const { TableFilter } = await load('table-filter.js');
  const { PreparedTransactions } = await load('prepared-transactions.js');
  if (ProcessBuilder === undefined || TableFilter === undefined || PreparedTransactions === undefined)
    throw new Error('select has another inside than this bench knows');
  return { ProcessBuilder, TableFilter, PreparedTransactions };
}
