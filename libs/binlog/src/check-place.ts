import { MysqlGtidSet, parseMariadbGtidList, SyncError } from '@lutra/model';
import type { MariadbGtid, Place } from '@lutra/model';
import { describeDone } from './open-dump.ts';
import type { AskableSource } from './ask-server.ts';
import { FIRST_OFFSET } from './encode-dump.ts';
import { readLogFiles } from './log-files.ts';
import type { LogFile } from './log-files.ts';

/**
 * Whether a pipeline that stands at `place` may go on at this server. Throws SOURCE_SERVER_CHANGED for file positions of
 * another server, SOURCE_LOST_TRANSACTIONS when the server lacks what is already applied at the target,
 * SOURCE_POSITION_PURGED when it no longer has what comes next, SOURCE_POSITION_UNKNOWN when it names transactions in
 * another way or has never written so far.
 */
export async function checkPlace(session: AskableSource, place: Place): Promise<void> {
  const { done } = place;
  const { server, address } = session;
  if (done.kind === 'file') {
    if (done.serverUuid !== server.uuid)
      throw new SyncError('SOURCE_SERVER_CHANGED', {
        problem: `The position ${describeDone(done)} is of server ${done.serverUuid}, but ${address} is server ${server.uuid}`,
        serverUuid: done.serverUuid,
      });
    await checkFile(session, done);
    return;
  }
  if (done.kind !== server.placeKind)
    throw new SyncError('SOURCE_POSITION_UNKNOWN', {
      problem: `The position ${describeDone(done)} is of kind ${done.kind}, but the source ${address} gives ${server.placeKind}`,
    });
  if (done.kind === 'mysqlGtid')
    await checkMysql(session, MysqlGtidSet.parse(done.gtidSet), place.inside?.gtid ?? null);
  else await checkMariadb(session, done.gtidList);
}

async function checkMysql(session: AskableSource, done: MysqlGtidSet, inside: string | null): Promise<void> {
  const applied = MysqlGtidSet.parse(done.toString());
  if (inside !== null) applied.add(inside);
  const executed = MysqlGtidSet.parse(await session.queryText('SELECT @@global.gtid_executed'));
  const lost = applied.subtract(executed);
  if (!lost.isEmpty) throw lostTransactions(session, lost.toString());
  const purged = MysqlGtidSet.parse(await session.queryText('SELECT @@global.gtid_purged'));
  const missing = purged.subtract(done);
  if (!missing.isEmpty)
    throw new SyncError('SOURCE_POSITION_PURGED', {
      problem: `The source ${session.address} has purged ${missing.toString()}, which the pipeline has not read yet`,
      place: describeDone({ kind: 'mysqlGtid', gtidSet: done.toString() }),
      gtids: missing.toString(),
    });
}

async function checkMariadb(session: AskableSource, gtidList: string): Promise<void> {
  const known = parseMariadbGtidList(await session.queryText('SELECT @@global.gtid_binlog_pos'));
  const lost = [...parseMariadbGtidList(gtidList).values()].filter(
    ({ domain, sequence }) => sequence > (known.get(domain)?.sequence ?? 0),
  );
  if (lost.length > 0) throw lostTransactions(session, printGtids(lost));
  // A server without log files or without an oldest one has purged nothing that its dump would not tell.
  const [oldest] = await readLogFiles(session);
  if (oldest === undefined) return;
  const file = oldest.name.replaceAll("'", '');
  const before = await session.queryText(`SELECT BINLOG_GTID_POS('${file}', ${String(FIRST_OFFSET)})`);
  const done = parseMariadbGtidList(gtidList);
  const missing = [...parseMariadbGtidList(before).values()].filter(
    ({ domain, sequence }) => sequence > (done.get(domain)?.sequence ?? 0),
  );
  if (missing.length > 0)
    throw new SyncError('SOURCE_POSITION_PURGED', {
      problem: `The source ${session.address} has purged transactions up to ${printGtids(missing)}, which the pipeline has not read yet`,
      place: describeDone({ kind: 'mariadbGtid', gtidList }),
    });
}

async function checkFile(
  session: AskableSource,
  { file, offset }: { readonly file: string; readonly offset: number },
): Promise<void> {
  const files = await readLogFiles(session);
  const known = files.find(({ name }) => name === file);
  const [first] = files;
  if (known !== undefined && offset <= known.bytes) return;
  const place = `${file}:${String(offset)}`;
  if (first !== undefined && known === undefined && isBefore(file, first.name))
    throw new SyncError('SOURCE_POSITION_PURGED', {
      problem: `The source ${session.address} has purged ${file}: its log begins with ${first.name}`,
      place,
    });
  throw new SyncError('SOURCE_POSITION_UNKNOWN', {
    problem: `The source ${session.address} has never written ${place}: ${describeLog(files)}`,
    place,
  });
}

/** False for names that are not those of log files: nothing was purged then. */
function isBefore(file: string, first: string): boolean {
  const at = (name: string): number => Number(name.slice(name.lastIndexOf('.') + 1));
  return file.slice(0, file.lastIndexOf('.')) === first.slice(0, first.lastIndexOf('.')) && at(file) < at(first);
}

function describeLog(files: readonly LogFile[]): string {
  const [first, last] = [files[0], files.at(-1)];
  if (first === undefined || last === undefined) return 'it has no log files';
  return `its log reaches from ${first.name} to ${last.name}:${String(last.bytes)}`;
}

const printGtids = (gtids: readonly MariadbGtid[]): string =>
  gtids.map(({ domain, server, sequence }) => `${String(domain)}-${String(server)}-${String(sequence)}`).join(',');

const lostTransactions = ({ address }: AskableSource, gtids: string): SyncError =>
  new SyncError('SOURCE_LOST_TRANSACTIONS', {
    problem: `The source ${address} has never seen ${gtids}, which is already applied at the target`,
    gtids,
  });
