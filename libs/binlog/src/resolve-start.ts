import { compareFilePlaces, MysqlGtidSet, parseDone, SyncError } from '@lutra/model';
import type { Place, StartDefinition } from '@lutra/model';
import { readLogFiles, readWritePosition } from './log-files.ts';
import { resolveTime } from './resolve-time.ts';
import type { SourceSession } from './source-session.ts';

/**
 * The place that a configured start means at this source, at this moment. 'latest' is everything that is committed now.
 * 'time' reads the log, on connections of its own ({@link resolveTime}); `signal` ends that. Throws
 * SOURCE_POSITION_UNKNOWN for GTIDs or files that make no sense here, SOURCE_POSITION_PURGED when the log does not reach
 * back to a time or file; for GTIDs that is asked when the dump opens (checkPlace).
 */
export async function resolveStart(
  session: SourceSession,
  start: StartDefinition,
  signal: AbortSignal = new AbortController().signal,
): Promise<Place> {
  switch (start.kind) {
    case 'latest':
      return { done: await latest(session), inside: null };
    case 'time':
      return { done: await resolveTime(session, start.time, signal), inside: null };
    case 'gtid':
      return { done: fromGtid(session, start.gtid), inside: null };
    case 'file':
      return { done: await fromFile(session, start), inside: null };
  }
}

async function latest(session: SourceSession): Promise<Place['done']> {
  switch (session.server.placeKind) {
    case 'mysqlGtid':
      return {
        kind: 'mysqlGtid',
        gtidSet: MysqlGtidSet.parse(await session.queryText('SELECT @@global.gtid_executed')).toString(),
      };
    case 'mariadbGtid':
      return parseDone({
        kind: 'mariadbGtid',
        gtidList: await session.queryText('SELECT @@global.gtid_binlog_pos'),
      }).toDone();
    case 'file':
      return { kind: 'file', serverUuid: session.server.uuid, ...(await readWritePosition(session)) };
  }
}

function fromGtid(session: SourceSession, gtid: string): Place['done'] {
  switch (session.server.placeKind) {
    case 'mysqlGtid':
      return { kind: 'mysqlGtid', gtidSet: MysqlGtidSet.parse(gtid).toString() };
    case 'mariadbGtid':
      return parseDone({ kind: 'mariadbGtid', gtidList: gtid }).toDone();
    case 'file':
      throw new SyncError('SOURCE_POSITION_UNKNOWN', {
        problem: `The source ${session.address} runs without GTID (gtid_mode is not ON): start from file and offset`,
      });
  }
}

async function fromFile(
  session: SourceSession,
  start: { readonly file: string; readonly offset: number },
): Promise<Place['done']> {
  const { file, offset } = start;
  const files = await readLogFiles(session);
  const known = files.find(({ name }) => name === file);
  const first = files[0]?.name ?? file;
  if (known === undefined && compareFilePlaces({ file, offset }, { file: first, offset: 4 }) < 0)
    throw new SyncError('SOURCE_POSITION_PURGED', {
      problem: `The source ${session.address} has purged ${file}: its log begins with ${first}`,
      place: `${file}:${String(offset)}`,
    });
  if (known === undefined || offset < 4 || offset > known.bytes)
    throw new SyncError('SOURCE_POSITION_UNKNOWN', {
      problem: `The source ${session.address} has no position ${file}:${String(offset)}; its log begins with ${files[0]?.name ?? 'nothing'}`,
    });
  if (session.server.placeKind !== 'mariadbGtid')
    return { kind: 'file', serverUuid: session.server.uuid, file, offset };
  // MariaDB can say which GTIDs come before an offset: the place then survives a change of server.
  const asked = `SELECT BINLOG_GTID_POS('${file.replaceAll("'", '')}', ${String(offset)}) AS gtids`;
  const gtidList = (await session.query(asked))[0]?.['gtids'];
  // NULL is not the empty list: that is the beginning of everything.
  if (typeof gtidList !== 'string')
    throw new SyncError('SOURCE_POSITION_UNKNOWN', {
      problem: `No event begins at ${file}:${String(offset)} of the source ${session.address}`,
      place: `${file}:${String(offset)}`,
    });
  return parseDone({ kind: 'mariadbGtid', gtidList }).toDone();
}
