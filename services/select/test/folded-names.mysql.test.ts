// Goal: statements and rows of a source that takes names in any case (lower_case_table_names = 1) reach the mapping that
// writes them, in whatever case.
// Method: own servers with that setting; the test plays load.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { must } from '@lutra/model';
import { OwnServer, runSql, testServers, waitUntil } from '@lutra/testing';
import { startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const WAIT = { timeoutMs: 60_000, everyMs: 20 };

let own: OwnServer | null = null;
let bus: Bus | null = null;
let rig: Rig | null = null;
const options = { ...testServers().nats, name: 'test', namespace: `t${randomBytes(6).toString('hex')}` };

describe.each(['mariadb', 'mysql'] as const)('a source that folds names: %s', (program) => {
  beforeAll(async () => {
    own = await OwnServer.start({
      program,
      extra: ['--lower-case-table-names=1', '--binlog-row-metadata=FULL', '--binlog-row-image=FULL'],
    });
  });
  afterAll(async () => {
    await own?.close();
  });
  beforeEach(async () => {
    bus = await openBus(options);
  });
  afterEach(async () => {
    await rig?.stop();
    await bus?.close();
    await removeNamespace(options);
  });

  it('takes rows and statements whose names were typed in another case', async () => {
    const server = must(own, 'it runs');
    const schema = 'shop';
    await runSql(server, ['CREATE DATABASE Shop', 'CREATE TABLE Shop.Item (id INT PRIMARY KEY, data TEXT)']);
    const { loadAll, statements, events, warnings } = await startRig({
      ...{ bus: must(bus, 'it is open'), server, schema },
      parameters: { ddl: 'sync' },
    }).then((started) => (rig = started));
    loadAll();
    await runSql(server, [
      "INSERT INTO SHOP.ITEM VALUES (1, 'x')",
      'ALTER TABLE Shop.Item ADD COLUMN extra INT',
      'USE Shop',
      'CREATE TABLE _ITEM_gho LIKE Item',
      'RENAME TABLE Item TO _Item_del, _Item_gho TO Item',
      'TRUNCATE TABLE iTeM',
    ]);
    await waitUntil(() => statements.length === 4, { what: 'four statements', ...WAIT });
    const item = { schema, table: 'item' };
    expect(statements.map(({ statement }) => [statement.kind, statement.ghost?.step, statement.foldsNames])).toEqual([
      ['alter', undefined, true],
      ['alter', 'begin', true],
      ['alter', 'swap', true],
      ['truncate', undefined, true],
    ]);
    expect(statements[0]?.statement).toMatchObject({ tables: [item] });
    expect(statements[2]?.statement.ghost).toMatchObject({ of: item, ghost: { schema, table: '_item_gho' } });
    expect(statements[3]?.statement.tables).toEqual([item]);
    expect(events()).toHaveLength(1);
    // The mapping is in lower case.
    expect(warnings).toEqual([]);
  });

  it('reaches a mapping that writes names in another case, and tells the stages behind', async () => {
    const server = must(own, 'it runs');
    await runSql(server, ['CREATE DATABASE Depot', 'CREATE TABLE Depot.Item (id INT PRIMARY KEY)']);
    rig = await startRig({ bus: must(bus, 'it is open'), server, schema: 'DEPOT', parameters: {} });
    const { warnings, events, processes } = rig;
    await runSql(server, ['INSERT INTO Depot.Item VALUES (1)']);
    await waitUntil(() => events().length === 1, { what: 'the row', ...WAIT });
    expect(processes.at(-1)?.header.isCaseFolded).toBe(true);
    expect(warnings).toEqual([]);
  });
});
