import { expect, it } from '@jest/globals';
import {
  checkSource,
  EVENT_TYPE,
  readGtidEvent,
  readPreparedXid,
  readQuery,
  scanBinlog,
  SourceSession,
} from '@lutra/binlog';
import type { FramedEvent, ScanPosition, SourceOptions } from '@lutra/binlog';
import { must } from '@lutra/model';
import type { ColumnValue, DonePlace } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import type { DatabaseProgram } from '@lutra/testing';
import { numbers } from './server-rig.ts';
import type { ServerRig } from './server-rig.ts';
import { optionsOf, SourceFollower } from './source-follower.ts';
import { typesOf } from './release-types.ts';

/** GTID, ANONYMOUS_GTID, GTID_TAGGED, MARIADB_GTID. */
const GTIDS: readonly number[] = [33, 34, 42, 162];
const COMPRESSED_ROWS = numbers(166, 171);
const XID = "X'78',X'',1";

/**
 * Goal: everything in a release's log is read: its types under each setting of row metadata and images, compressed events,
 * XA transactions, over TLS, and from each place that names a transaction.
 * Method: written by statements, compared with what SELECT and SHOW BINLOG EVENTS say.
 */
export function readingTests(rig: () => ServerRig, program: DatabaseProgram): void {
  const { hasMetadata, hasCommitTimes, isMariadb } = {
    hasMetadata: program !== 'mysql-5.6',
    hasCommitTimes: program === 'mysql',
    isMariadb: program.startsWith('mariadb'),
  };
  const metadata = isMariadb ? ['FULL', 'MINIMAL', 'NO_LOG'] : hasMetadata ? ['FULL', 'MINIMAL'] : ['no'];

  async function scan(
    from: DonePlace,
    onEvent: (event: FramedEvent, at: ScanPosition) => void,
    source: SourceOptions = optionsOf(rig().server),
  ): Promise<void> {
    await scanBinlog({
      source,
      from,
      signal: AbortSignal.timeout(60_000),
      onEvent: (event, at) => {
        if (event.kind === 'whole') onEvent(event, at);
        return 'go on';
      },
    });
  }

  /** From the beginning of the file that is written now. */
  async function thisFile(): Promise<DonePlace> {
    const session = await SourceSession.open(optionsOf(rig().server));
    const { uuid } = session.server;
    session.close();
    const file = must((await rig().logFiles()).at(-1), 'the log is on');
    return { kind: 'file', serverUuid: uuid, file, offset: 4 };
  }

  it.each(metadata)('reads its types with %s metadata, and images without what did not change', async (setting) => {
    const types = typesOf(program);
    const table = `types_${setting}`;
    if (hasMetadata) await rig().connection.query(`SET GLOBAL binlog_row_metadata = ${setting}`);
    const columns = types.map(({ declared }, at) => `c${String(at)} ${declared}`);
    const following = await rig().begin(table, ['id INT PRIMARY KEY', ...columns].join());
    const values = types.map(({ value }) => value);
    const nothing = types.map(() => 'NULL');
    await rig().connection.query(
      `INSERT INTO ${table} VALUES (1, ${values.join()}); INSERT INTO ${table} VALUES (2, ${nothing.join()})`,
    );
    const shown = types.map(({ shown: form }, at) => `${form.replaceAll('v', `c${String(at)}`)} AS c${String(at)}`);
    const [selected] = await rig().rows(`SELECT ${shown.join()} FROM ${table} WHERE id = 1`);
    await rig().connection.query(
      `SET SESSION binlog_row_image = MINIMAL; UPDATE ${table} SET c1 = 7 WHERE id = 2; SET SESSION binlog_row_image = FULL; DELETE FROM ${table} WHERE id = 1`,
    );
    await following.readUntil('the rows', () => following.keysOf(table).length === 4);
    const [written, empty, changed, deleted] = following.transactions.flatMap(({ events }) =>
      events.flatMap(({ rows }) => [...rows]),
    );
    expect(written?.after?.slice(1).map(textOf)).toEqual(
      types.map((_, at) => must(selected, 'a row')[`c${String(at)}`] as unknown),
    );
    expect(deleted?.before).toEqual(written?.after);
    expect(empty?.after).toEqual([2, ...types.map(() => null)]);
    expect(changed?.before).toEqual([2, ...types.map(() => undefined)]);
    expect(changed?.after).toEqual([undefined, ...types.map((_, at) => (at === 1 ? 7 : undefined))]);
  });

  if (program !== 'mysql-5.6')
    it('reads compressed events', async () => {
      const following = await rig().begin('compressed', 'id INT PRIMARY KEY, text LONGTEXT');
      const { place } = following;
      await rig().connection.query(
        isMariadb
          ? 'SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10'
          : 'SET SESSION binlog_transaction_compression = ON',
      );
      await rig().connection.query(
        "INSERT INTO compressed VALUES (1, REPEAT('ab', 50000)); UPDATE compressed SET text = REPEAT('c', 20); CREATE TABLE another (id INT) COMMENT 'long enough to be compressed'; DELETE FROM compressed",
      );
      await rig().connection.query(
        isMariadb ? 'SET GLOBAL log_bin_compress = OFF' : 'SET SESSION binlog_transaction_compression = OFF',
      );
      const types = new Set<number>();
      await scan(place, ({ type }) => types.add(type));
      if (isMariadb) {
        expect(types).toContain(EVENT_TYPE.MARIADB_QUERY_COMPRESSED);
        expect(COMPRESSED_ROWS.filter((type) => types.has(type))).toHaveLength(3);
      } else expect(types).toContain(EVENT_TYPE.TRANSACTION_PAYLOAD);
      await following.readUntil('the rows', () => following.keysOf('compressed').length === 3);
      const rows = following.transactions.flatMap(({ events }) => events.flatMap((event) => [...event.rows]));
      const [before, after] = ['ab'.repeat(50_000), 'c'.repeat(20)];
      expect(rows).toEqual([
        { after: [1, before] },
        { before: [1, before], after: [1, after] },
        { before: [1, after] },
      ]);
      expect(following.transactions.flatMap(({ statements }) => statements)).toEqual([
        expect.stringMatching(/^CREATE TABLE another/),
      ]);
    });

  it('tells XA transactions by their names, where the log has their rows before the decision', async () => {
    const { place } = await rig().begin('decided');
    await rig().connection.query(
      "XA START 'x'; INSERT INTO decided VALUES (1, 'note'); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'",
    );
    const [prepared, decided]: [string[], string[]] = [[], []];
    await scan(place, (event) => {
      if (event.type === EVENT_TYPE.XA_PREPARE) prepared.push(readPreparedXid(event));
      const { statement } = event.type === EVENT_TYPE.QUERY ? readQuery(event) : { statement: '' };
      if (statement.startsWith('XA COMMIT')) decided.push(statement.slice('XA COMMIT '.length));
      const gtid = event.type === EVENT_TYPE.MARIADB_GTID ? readGtidEvent(event) : null;
      if (gtid?.isXaPrepare === true || gtid?.isXaEnd === true) expect(gtid.xid).toBe(XID);
    });
    // MySQL 5.6 logs the rows with the commit, as those of any transaction.
    const names = program === 'mysql-5.6' ? [] : [XID];
    expect({ prepared, decided }).toEqual({ prepared: names, decided: names });
  });

  it('goes on behind each transaction, by GTID', async () => {
    const following = await rig().begin('resumed');
    await rig().insert('resumed', 1, 8);
    for (const done of numbers(0, 8)) {
      await following.readUntil('a row', () => following.keysOf('resumed').length === done);
      const later = SourceFollower.at(rig().server, following.place);
      await later.readUntil('the rest', () => later.keysOf('resumed').length === 8 - done);
      expect(later.keysOf('resumed')).toEqual(numbers(done + 1, 8));
      later.close();
    }
  });

  it('knows where in the file each transaction stands, and reads from there', async () => {
    await rig().begin('placed');
    await rig().connection.query(
      `FLUSH LOGS; BEGIN; ${numbers(1, 5)
        .map((id) => `INSERT INTO placed VALUES (${String(id)}, 'note')`)
        .join(';')}; COMMIT`,
    );
    await rig().insert('placed', 6, 8);
    const from = await thisFile();
    const transactions: { file: string; start: number; gtid: string | null }[] = [];
    const ends = new Set<number>();
    await scan(from, (event, { file, start, end }) => {
      if (GTIDS.includes(event.type)) transactions.push({ file, start, gtid: readGtidEvent(event).gtid });
      if (event.type === EVENT_TYPE.XID) ends.add(end);
    });
    expect(transactions).toHaveLength(4);
    for (const { file, start, gtid } of transactions) {
      const shown = await rig().rows(`SHOW BINLOG EVENTS IN '${file}' FROM ${String(start)} LIMIT 1`);
      expect(shown).toMatchObject([{ Pos: String(start), Event_type: expect.stringMatching(/gtid/i) as unknown }]);
      const read: (string | null)[] = [];
      await scan({ ...from, file, offset: start } as DonePlace, (event) => {
        if (GTIDS.includes(event.type)) read.push(readGtidEvent(event).gtid);
      });
      expect(read[0]).toBe(gtid);
      if (isMariadb)
        expect(await keysFrom('placed', { kind: 'file', file, offset: start })).toHaveLength(
          start === transactions[0]?.start ? 8 : transactions.filter((one) => one.start >= start).length,
        );
    }
    const last = await rig().rows(`SHOW BINLOG EVENTS IN '${must(transactions[0], 'four').file}'`);
    expect([...ends].map(String)).toEqual(
      last.filter((row) => row['Event_type'] === 'Xid').map((row) => row['End_log_pos'] as unknown),
    );
  });

  /** What a follower reads that is started so. */
  async function keysFrom(table: string, start: Parameters<ServerRig['placeOf']>[0]): Promise<readonly unknown[]> {
    const all = (await rig().idsIn(table)).at(-1);
    const following = SourceFollower.at(rig().server, await rig().placeOf(start));
    await following.readUntil('the last row', () => following.keysOf(table).at(-1) === all);
    following.close();
    return following.keysOf(table);
  }

  it('starts by time: at the first transaction of that second', async () => {
    await rig().begin('timed');
    await rig().insert('timed', 1, 4);
    const nowMs = async (): Promise<number> =>
      Number((await rig().rows('SELECT UNIX_TIMESTAMP(NOW(6)) * 1000 AS ms'))[0]?.['ms']);
    const nextMs = Math.floor((await nowMs()) / 1000) * 1000 + 1000;
    await waitUntil(async () => (await nowMs()) > nextMs, { what: 'the next second', timeoutMs: 60_000, everyMs: 20 });
    await rig().connection.query('FLUSH LOGS');
    await rig().insert('timed', 5, 8);
    expect(await keysFrom('timed', { kind: 'time', time: new Date(nextMs).toISOString() })).toEqual(numbers(5, 8));
    const commits: number[] = [];
    await scan(await thisFile(), (event) => {
      if (GTIDS.includes(event.type)) commits.push(readGtidEvent(event).commitMs);
    });
    expect(commits.some((ms) => ms % 1000 !== 0)).toBe(hasCommitTimes);
  });

  it('finds nothing missing, and what stands before it at the head of each file', async () => {
    const session = await SourceSession.open(optionsOf(rig().server));
    await expect(checkSource(session, { schemas: ['shop'] })).resolves.toBeUndefined();
    session.close();
    await rig().connection.query('FLUSH LOGS');
    const types: number[] = [];
    await scan(await thisFile(), ({ type }) => types.push(type));
    expect(types).toContain(isMariadb ? EVENT_TYPE.MARIADB_GTID_LIST : EVENT_TYPE.PREVIOUS_GTIDS);
  });

  if (program !== 'mysql-5.6')
    it('is read over TLS, its name and chain verified', async () => {
      const place = await rig().placeOf({ kind: 'latest' });
      await rig().connection.query('CREATE TABLE secret (id INT)');
      const { definition, ...rest } = optionsOf(rig().server);
      const verified = (tlsCa: string): SourceOptions => ({
        ...rest,
        definition: { ...definition, tls: 'verifyIdentity', tlsCa },
      });
      const statements: string[] = [];
      const note = (event: FramedEvent): void => {
        if (event.type === EVENT_TYPE.QUERY) statements.push(readQuery(event).statement);
      };
      await scan(place, note, verified(rig().tls.authority));
      expect(statements).toEqual(['CREATE TABLE secret (id INT)']);
      await expect(scan(place, note, verified(rig().tls.otherAuthority))).rejects.toMatchObject({
        code: 'SOURCE_TLS_REFUSED',
      });
    });
}

const textOf = (value: ColumnValue | undefined): string | null => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').toUpperCase();
  return value === null || value === undefined ? null : String(value);
};
