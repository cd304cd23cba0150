import { MysqlGtidSet, parseMariadbGtidList, SyncError } from '@lutra/model';
import type { Place } from '@lutra/model';
import { describeDone } from './open-dump.ts';
import type { SourceSession } from './source-session.ts';

/**
 * Whether a pipeline that stands at `place` may go on at this server. Throws SOURCE_SERVER_CHANGED for file positions of
 * another server, SOURCE_LOST_TRANSACTIONS when the server lacks what is already applied at the target,
 * SOURCE_POSITION_PURGED when it no longer has what comes next, SOURCE_POSITION_UNKNOWN when it names transactions in
 * another way. What MariaDB has purged only its dump can tell.
 */
export async function checkPlace(session: SourceSession, place: Place): Promise<void> {
  const { done } = place;
  const { server, address } = session;
  if (done.kind === 'file') {
    if (done.serverUuid !== server.uuid)
      throw new SyncError('SOURCE_SERVER_CHANGED', {
        problem: `The position ${describeDone(done)} is of server ${done.serverUuid}, but ${address} is server ${server.uuid}`,
        serverUuid: done.serverUuid,
      });
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

async function checkMysql(session: SourceSession, done: MysqlGtidSet, inside: string | null): Promise<void> {
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
      place: missing.toString(),
    });
}

async function checkMariadb(session: SourceSession, gtidList: string): Promise<void> {
  const known = parseMariadbGtidList(await session.queryText('SELECT @@global.gtid_binlog_pos'));
  const lost = [...parseMariadbGtidList(gtidList).values()].filter(
    ({ domain, sequence }) => sequence > (known.get(domain)?.sequence ?? 0),
  );
  if (lost.length === 0) return;
  const text = lost.map(({ domain, server, sequence }) => `${String(domain)}-${String(server)}-${String(sequence)}`);
  throw lostTransactions(session, text.join(','));
}

const lostTransactions = ({ address }: SourceSession, gtids: string): SyncError =>
  new SyncError('SOURCE_LOST_TRANSACTIONS', {
    problem: `The source ${address} has never seen ${gtids}, which is already applied at the target`,
    gtids,
  });
