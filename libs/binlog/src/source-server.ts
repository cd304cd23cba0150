import { SyncError } from '@lutra/model';
import type { Clock, DatabaseKind } from '@lutra/model';
import { readVariable } from './ask-server.ts';
import type { Query } from './ask-server.ts';

/** What a source server is, as far as reading its log goes. */
export interface SourceServer {
  readonly kind: DatabaseKind;
  readonly version: string;
  /** server_uuid; MariaDB: server_uid, or server id and address where it has none. */
  readonly uuid: string;
  /** How transactions are named: 'file' where GTID is off. */
  readonly placeKind: 'mysqlGtid' | 'mariadbGtid' | 'file';
  readonly hasChecksum: boolean;
  /** Add it to our wall clock to get the source's, in ms; measured once, good to half a round trip. */
  readonly clockOffsetMs: number;
}

/** Asks a server what it is. SOURCE_UNREACHABLE and the like come from `query`; REQUEST_INVALID when the kind is another. */
export async function readSourceServer(kind: DatabaseKind, query: Query, clock: Clock): Promise<SourceServer> {
  const version = (await readVariable(query, 'version')) ?? '';
  // What the server calls itself may be set by whoever starts it; replication domains only MariaDB has.
  const actual: DatabaseKind = (await readVariable(query, 'global.gtid_domain_id')) === null ? 'mysql' : 'mariadb';
  if (actual !== kind)
    throw new SyncError('REQUEST_INVALID', {
      problem: `The data source is configured as ${kind}, but the server is ${actual} ${version}`,
    });
  const gtidMode = kind === 'mysql' ? await readVariable(query, 'global.gtid_mode') : null;
  return {
    kind,
    version,
    uuid: await readUuid(kind, query),
    placeKind: kind === 'mariadb' ? 'mariadbGtid' : gtidMode === 'ON' ? 'mysqlGtid' : 'file',
    hasChecksum: (await readVariable(query, 'global.binlog_checksum')) === 'CRC32',
    clockOffsetMs: await measureClock(query, clock),
  };
}

async function readUuid(kind: DatabaseKind, query: Query): Promise<string> {
  const uuid = await readVariable(query, kind === 'mysql' ? 'server_uuid' : 'server_uid');
  if (uuid !== null && uuid !== '') return uuid;
  const parts = [];
  for (const name of ['server_id', 'hostname', 'port']) parts.push((await readVariable(query, name)) ?? '');
  return parts.join('@');
}

async function measureClock(query: Query, clock: Clock): Promise<number> {
  const beforeMs = clock.now().getTime();
  const value = (await query('SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000 AS CHAR) AS value'))[0]?.['value'];
  const afterMs = clock.now().getTime();
  return Number(value) - (beforeMs + afterMs) / 2;
}
