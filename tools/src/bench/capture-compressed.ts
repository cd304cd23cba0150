import { OwnServer } from '@lutra/testing';
import type { CaptureOptions } from './capture-bench.ts';
import { COMPRESSED, prepareLogs, writeManyRows, writeSingleRows } from './capture-logs.ts';
import type { BenchLog } from './capture-logs.ts';
import { countBytes, countDecoded, countEvents, readWithLutra } from './capture-readers.ts';
import type { BatchReader, Reading } from './capture-readers.ts';
import { medianOf, measureOf } from './measure.ts';

type CompressedOptions = Pick<CaptureOptions, 'runs' | 'scale' | 'print' | 'say'>;

const SINGLE_ROWS = 100_000;
const MANY_ROWS = 1_000_000;

/** Compressed transactions of MySQL, whatever the other lines are measured with. zongji does not read them. */
export async function benchCompressed(options: CompressedOptions): Promise<void> {
  const { say, scale } = options;
  say('Starting mysql and writing compressed transactions …');
  const server = await OwnServer.start({ program: 'mysql', extra: ['--max-binlog-size=1G'] });
  try {
    await prepareLogs(server);
    const many = await writeManyRows(server, MANY_ROWS * scale, COMPRESSED);
    await bench('capture.compressed.bytes', { server, log: many, reader: () => countBytes, unit: 'MB/s' }, options);
    await bench('capture.compressed.many', { server, log: many, reader: countDecoded, unit: 'rows/s' }, options);
    const single = await writeSingleRows(server, Math.max(5_000, Math.round(SINGLE_ROWS * scale)), COMPRESSED);
    await bench(
      'capture.compressed.single',
      { server, log: single, reader: () => countEvents, unit: 'rows/s' },
      options,
    );
  } finally {
    await server.close();
  }
}

interface CompressedBench {
  readonly server: OwnServer;
  readonly log: BenchLog;
  readonly reader: () => BatchReader;
  readonly unit: 'rows/s' | 'MB/s';
}

async function bench(name: string, what: CompressedBench, { runs, print }: CompressedOptions): Promise<void> {
  const { server, log, reader, unit } = what;
  const read = (): Promise<Reading> => readWithLutra(server, log, { reader: reader() });
  const { count } = await read();
  if (unit === 'rows/s' && count !== log.rowCount)
    throw new Error(`${String(count)} rows of ${String(log.rowCount)} were read`);
  const readings: Reading[] = [];
  for (let run = 0; run < runs; run += 1) readings.push(await read());
  const perUnit = unit === 'MB/s' ? 1e6 : 1;
  const cpu = medianOf(readings.map(({ cpuSeconds }) => (cpuSeconds / count) * (unit === 'MB/s' ? 1e9 : 1e6)));
  const notes = [
    `CPU ${cpu.toFixed(2)} s per ${unit === 'MB/s' ? 'GB' : 'million rows'}`,
    unit === 'MB/s' ? `decompressed bytes, ${(count / log.bytes).toFixed(1)} times the log's` : '',
  ];
  const ours = readings.map(({ seconds }) => count / perUnit / seconds);
  print({ ...measureOf(name, unit, { ours }), note: notes.filter((note) => note !== '').join(', ') });
}
