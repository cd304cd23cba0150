import { randomInt, randomUUID } from 'node:crypto';
import { MysqlGtidSet, parseDone } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { BinlogDump } from './binlog-dump.ts';
import { encodeFileDump, encodeGtidDump, encodeRegister, FIRST_OFFSET } from './encode-dump.ts';
import type { DumpRequest } from './encode-dump.ts';
import { SkipToOffset } from './skip-to-offset.ts';
import type { SourceSession } from './source-session.ts';

/** Our server ids lie above those that people give: two dumps with one id end each other. */
const SERVER_ID_MIN = 0x4000_0000;
const SERVER_ID_MAX = 0x7fff_ffff;
/** A reader that stands still for an hour is cut off by the server only then. */
const NET_WRITE_TIMEOUT_S = 3600;
const LIVENESS_MS_MIN = 10_000;

export interface OpenDumpOptions {
  /** Period after which an idle server says that it is there. */
  readonly heartbeatMs: number;
  readonly onReady: () => void;
  /** True: at the end of the log the dump ends ({@link BinlogDump.isAtEndOfLog}). Default: it waits for more. */
  readonly endsAtEndOfLog?: boolean;
  /** By which the server knows its readers; default: a random one for each dump. */
  readonly serverId?: number;
}

/**
 * Starts a dump after everything that is done and hands the session's socket over to it. Ask checkPlace before: the dump
 * itself only knows what the server says. An error of the server comes from the first `take`.
 */
export async function openDump(session: SourceSession, done: DonePlace, options: OpenDumpOptions): Promise<BinlogDump> {
  const { serverId = randomInt(SERVER_ID_MIN, SERVER_ID_MAX) } = options;
  const heartbeatNs = String(options.heartbeatMs * 1_000_000);
  await session.query(`SET SESSION net_write_timeout = ${String(NET_WRITE_TIMEOUT_S)}`);
  for (const word of ['master', 'source'])
    await session.query(
      `SET @${word}_heartbeat_period = ${heartbeatNs}, @${word}_binlog_checksum = @@global.binlog_checksum`,
    );
  if (session.server.kind === 'mariadb') await session.query('SET @mariadb_slave_capability = 4');
  else await session.query(`SET @replica_uuid = '${randomUUID()}', @slave_uuid = @replica_uuid`);
  const command = await dumpCommand(session, done, { serverId, endsAtEndOfLog: options.endsAtEndOfLog ?? false });
  return new BinlogDump(session.takeSocket(), {
    source: session.options,
    hasChecksum: session.server.hasChecksum,
    commands: [encodeRegister(serverId), command],
    isCompressed: session.isCompressed,
    place: describeDone(done),
    livenessMs: Math.max(LIVENESS_MS_MIN, options.heartbeatMs * 5),
    onReady: options.onReady,
    skip: done.kind === 'file' && isBeyondCommand(done) ? new SkipToOffset(done.file, done.offset) : null,
  });
}

/** A place for messages: the GTIDs, or file and offset. */
export function describeDone(done: DonePlace): string {
  if (done.kind === 'file') return `${done.file}:${String(done.offset)}`;
  const text = done.kind === 'mysqlGtid' ? done.gtidSet : done.gtidList;
  return text === '' ? 'the beginning' : text;
}

async function dumpCommand(session: SourceSession, done: DonePlace, request: DumpRequest): Promise<Buffer> {
  switch (done.kind) {
    case 'mysqlGtid':
      return encodeGtidDump(request, MysqlGtidSet.parse(done.gtidSet));
    case 'mariadbGtid':
      // Parsed and printed again: what goes into the statement is a list of GTIDs, whatever the place held.
      await session.query(
        `SET @slave_connect_state = '${describeList(done)}', @slave_gtid_strict_mode = 1, @slave_gtid_ignore_duplicates = 0`,
      );
      return encodeFileDump(request, { file: '', offset: FIRST_OFFSET });
    case 'file':
      return encodeFileDump(request, isBeyondCommand(done) ? { file: done.file, offset: FIRST_OFFSET } : done);
  }
}

/**
 * COM_BINLOG_DUMP has 32 bits for the offset; the command for GTIDs has 64, and servers refuse it while gtid_mode is not ON.
 * Such a dump begins with the file, and what lies before the place is passed over.
 */
const isBeyondCommand = (done: DonePlace): boolean => done.kind === 'file' && done.offset > 0xffff_ffff;

function describeList(done: DonePlace): string {
  const printed = parseDone(done).toDone();
  return printed.kind === 'mariadbGtid' ? printed.gtidList : '';
}
