import { MysqlGtidSet, parseDone, SyncError } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import { classifyEvent } from './classify-event.ts';
import { FIRST_OFFSET } from './encode-dump.ts';
import { readGtidEvent } from './gtid-event.ts';
import { isLogHead, readLogHead } from './log-head.ts';
import { scanBinlog } from './scan-binlog.ts';
import type { SourceSession } from './source-session.ts';

/**
 * The GTIDs of all transactions that begin before an offset of a MySQL source's log: the head of the file says what stands
 * before it, its transactions are read, framing only. What was purged counts as done. Throws SOURCE_CONNECTION_LOST when the
 * signal ends it, and what `scanBinlog` throws.
 */
export async function gtidsBefore(
  session: SourceSession,
  { file, offset }: { readonly file: string; readonly offset: number },
  signal: AbortSignal,
): Promise<DonePlace> {
  const purged = MysqlGtidSet.parse(await session.queryText('SELECT @@global.gtid_purged')).toString();
  const set = parseDone({ kind: 'mysqlGtid', gtidSet: purged });
  let before: DonePlace = { kind: 'mysqlGtid', gtidSet: '' };
  const end = await scanBinlog({
    source: session.options,
    from: { kind: 'file', serverUuid: session.server.uuid, file, offset: FIRST_OFFSET },
    signal,
    onEvent: (event, at) => {
      if (event.kind === 'piece' || event.kind === 'end') return 'go on';
      if (at.file !== file || at.start >= offset) return 'stop';
      if (isLogHead(event.type)) before = readLogHead(event);
      else if (classifyEvent(event) === 'gtid') {
        const { gtid } = readGtidEvent(event);
        if (gtid !== null) set.add(gtid);
      }
      return 'go on';
    },
  });
  if (end === 'aborted') throw new SyncError('SOURCE_CONNECTION_LOST', { problem: 'The search for GTIDs was ended' });
  const gtidSet = [before, set.toDone()].map((done) => (done.kind === 'mysqlGtid' ? done.gtidSet : '')).join(',');
  return parseDone({ kind: 'mysqlGtid', gtidSet }).toDone();
}
