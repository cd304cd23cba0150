import { assertNever, compareFilePlaces, coversDone, SyncError } from '@lutra/model';
import type { DonePlace, StartDefinition } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';

type Reading = Pick<TargetSession, 'query'>;

/** Text that is put into a statement: what GTIDs are made of. */
const GTIDS = /^[\w:,\-\s]*$/;

/** Whether a source has nothing behind a place, or still has it, or has purged some of it. Throws what the session throws. */
export async function askLog(session: Reading, done: DonePlace): Promise<'done' | 'purged' | 'kept'> {
  switch (done.kind) {
    case 'mysqlGtid': {
      const set = `'${checked(done.gtidSet)}'`;
      const [row] = await session.query(
        `SELECT GTID_SUBTRACT(@@global.gtid_executed, ${set}) AS missing, GTID_SUBTRACT(@@global.gtid_purged, ${set}) AS lost`,
      );
      if (textOf(row?.['lost']) !== '') return 'purged';
      return textOf(row?.['missing']) === '' ? 'done' : 'kept';
    }
    case 'mariadbGtid': {
      const [row] = await session.query('SELECT @@global.gtid_binlog_pos AS position');
      if (coversList(done, textOf(row?.['position']))) return 'done';
      return coversList(done, await askOldestState(session)) ? 'kept' : 'purged';
    }
    case 'file': {
      const files = await askFiles(session);
      if (files.at(-1) === done.file) return 'done';
      const oldest = files[0] ?? done.file;
      return compareFilePlaces({ file: done.file, offset: 0 }, { file: oldest, offset: 0 }) < 0 ? 'purged' : 'kept';
    }
    default:
      return assertNever(done);
  }
}

/** The earliest start that the log of the source still has, said as `kind` says places. Throws what the session throws. */
export async function askOldest(session: Reading, kind: DonePlace['kind']): Promise<StartDefinition> {
  switch (kind) {
    case 'mysqlGtid': {
      const [row] = await session.query('SELECT @@global.gtid_purged AS purged');
      return { kind: 'gtid', gtid: textOf(row?.['purged']).replaceAll(/\s/g, '') };
    }
    case 'mariadbGtid':
      return { kind: 'gtid', gtid: await askOldestState(session) };
    case 'file':
      return { kind: 'file', file: (await askFiles(session))[0] ?? '', offset: 4 };
    default:
      return assertNever(kind);
  }
}

function checked(gtidSet: string): string {
  if (GTIDS.test(gtidSet)) return gtidSet;
  throw new SyncError('INTERNAL', { problem: 'The cursor holds a GTID set that is none' });
}

const coversList = (done: DonePlace, gtidList: string): boolean => coversDone(done, { kind: 'mariadbGtid', gtidList });

/** What was done before the oldest file began: MariaDB writes it at the head of each. */
async function askOldestState(session: Reading): Promise<string> {
  const [oldest] = await askFiles(session);
  if (oldest === undefined || !/^[\w.-]+$/.test(oldest)) return '';
  const head = await session.query(`SHOW BINLOG EVENTS IN '${oldest}' LIMIT 4`);
  const list = head.find((row) => row['Event_type'] === 'Gtid_list');
  return /\[([\d,\s-]*)\]/.exec(textOf(list?.['Info']))?.[1] ?? '';
}

async function askFiles(session: Reading): Promise<string[]> {
  return (await session.query('SHOW BINARY LOGS')).map((row) => textOf(row['Log_name']));
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
