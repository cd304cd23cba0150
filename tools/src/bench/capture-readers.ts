import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { EVENT_TYPE, isRowsEvent, openDump, readRotate, SourceSession } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import { Bell, systemClock } from '@lutra/model';
import { binlogTool } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import type { BenchLog } from './capture-logs.ts';

/** One reading of a log over the socket, from connecting to its end. */
export interface Reading {
  /** What the reader counted: rows, rows events or bytes. */
  readonly count: number;
  readonly seconds: number;
  /** Of our process; 0 where another process reads. */
  readonly cpuSeconds: number;
}

const HEARTBEAT_MS = 1_000;
const WAIT_MS = 10_000;

export type BatchReader = (events: readonly FramedEvent[]) => number;

export interface OurReadingOptions {
  /** Called for each batch; returns how much of what it counts is in it. Default: {@link countEvents}. */
  readonly reader?: BatchReader;
  /** Called for each batch; a promise stops the reading until it is done. */
  readonly onBatch?: (events: readonly FramedEvent[]) => Promise<void> | null;
}

/** Reads with @lutra/binlog, checksums verified. */
export async function readWithLutra(
  server: DatabaseServer,
  log: BenchLog,
  { reader = countEvents, onBatch }: OurReadingOptions,
): Promise<Reading> {
  const { kind, host, port, user, password } = server;
  const definition = { kind, host, port, user, tls: 'disabled' as const };
  const session = await SourceSession.open({ definition, password, clock: systemClock });
  if (!session.server.hasChecksum) throw new Error('the server writes no checksums: the figures would mean nothing');
  const bell = new Bell(systemClock);
  const done = { kind: 'file' as const, serverUuid: session.server.uuid, file: log.file, offset: 4 };
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
  const dump = await openDump(session, done, { heartbeatMs: HEARTBEAT_MS, onReady: bell.ring });
  try {
    let count = 0;
    for (;;) {
      const events = dump.take();
      if (events === null) {
        await bell.wait(WAIT_MS);
        continue;
      }
      count += reader(events);
      const pause = onBatch?.(events) ?? null;
      if (pause !== null) await pause;
      if (!events.some((event) => isEnd(event, log))) continue;
      const { user: userUs, system } = process.cpuUsage(startCpu);
      return { count, seconds: (performance.now() - startMs) / 1_000, cpuSeconds: (userUs + system) / 1e6 };
    }
  } finally {
    dump.close();
  }
}

const isEnd = (event: FramedEvent, { nextFile }: BenchLog): boolean =>
  event.type === EVENT_TYPE.ROTATE && event.kind === 'whole' && readRotate(event).file === nextFile;

/** Each rows event counts as one row: these logs hold single rows, or large ones. */
export function countEvents(events: readonly FramedEvent[]): number {
  let rows = 0;
  for (const { type, kind } of events) if (isRowsEvent(type) && (kind === 'whole' || kind === 'begin')) rows += 1;
  return rows;
}

/** Bytes of all events, as they are when they are decompressed. */
export function countBytes(events: readonly FramedEvent[]): number {
  let bytes = 0;
  for (const { start, end } of events) bytes += end - start;
  return bytes;
}

/** Decodes every row. */
export function countDecoded(): BatchReader {
  const decoder = createRowsDecoder(new TableShapes());
  return (events) => {
    let rows = 0;
    for (const event of events) {
      if (event.type === EVENT_TYPE.TABLE_MAP) decoder.tableMap({ type: 'tableMap', bytes: event.bytes, event: 0 });
      else if (isRowsEvent(event.type))
        rows += decoder.rows({ type: 'rows', bytes: event.bytes, event: 0 }).rows.length;
    }
    return rows;
  };
}

/** Reads with @vlasky/zongji, which verifies no checksum. Without `decodes` it passes over the rows. */
export async function readWithZongji(server: DatabaseServer, log: BenchLog, decodes: boolean): Promise<Reading> {
  const { default: ZongJi } = await import('@vlasky/zongji');
  const { host, port, user, password } = server;
  const options = { host, port, user, password, timezone: 'Z', dateStrings: true, supportBigNumbers: true };
  const zongji = new ZongJi(options);
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
  try {
    const count = await new Promise<number>((resolve, reject) => {
      let rows = 0;
      zongji.on('error', reject);
      zongji.on('binlog', (event: { getTypeName(): string; rows?: readonly unknown[]; binlogName?: string }) => {
        if (event.getTypeName() === 'WriteRows') rows += event.rows?.length ?? 0;
        else if (event.binlogName === log.nextFile) resolve(rows);
      });
      const includeEvents = decodes ? ['rotate', 'tablemap', 'writerows'] : ['rotate'];
      zongji.start({ filename: log.file, position: 4, serverId: randomInt(100_000, 900_000), includeEvents });
    });
    const { user: userUs, system } = process.cpuUsage(startCpu);
    return { count, seconds: (performance.now() - startMs) / 1_000, cpuSeconds: (userUs + system) / 1e6 };
  } finally {
    zongji.stop();
  }
}

/** Reads with the server's own tool, its output thrown away; `-v` makes it decode. */
export async function readWithTool(server: DatabaseServer, log: BenchLog, decodes: boolean): Promise<Reading> {
  const [command, ...args] = await binlogTool(server.kind);
  const { host, port, user, password } = server;
  const login = [`--host=${host}`, `--port=${String(port)}`, `--user=${user}`, '--protocol=tcp'];
  const verify = ['--verify-binlog-checksum', ...(decodes ? ['-v', '--base64-output=DECODE-ROWS'] : [])];
  const startMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    const tool = spawn(
      command,
      [...args, '--no-defaults', '--read-from-remote-server', ...login, ...verify, log.file],
      {
        env: { MYSQL_PWD: password, PATH: '/usr/bin:/bin' },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    tool.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    tool.once('error', reject);
    tool.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The server's binlog tool ended with ${String(code)}: ${said.slice(-500)}`));
    });
  });
  return { count: log.rowCount, seconds: (performance.now() - startMs) / 1_000, cpuSeconds: 0 };
}
