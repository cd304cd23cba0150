/**
 * Goal: what a person asks of a source is matched with the mappings as the source takes names, as the stages match it.
 * Method: own servers, one of which folds names; a mapping in another case than the table.
 */
import { afterEach, describe, expect, it } from '@jest/globals';
import { openSource } from '@lutra/binlog';
import type { SourceSession } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import type { MappingDefinition } from '@lutra/model';
import { OwnServer, runSql } from '@lutra/testing';
import { matchAtSource } from '../src/positions/match-at-source.ts';
import { requireTable } from '../src/resyncs/require-table.ts';

const MAPPINGS: readonly MappingDefinition[] = [
  {
    ...{ id: 'M', source: { schema: 'Shop', table: { regex: 'Item_\\d+' } }, target: { schema: 'copy' } },
    columns: { mode: 'all' },
  },
];
const ITEM = { schema: 'shop', table: 'item_1' };

let server: OwnServer | null = null;
let session: SourceSession | null = null;

afterEach(async () => {
  session?.close();
  await server?.close();
}, 60_000);

async function openAt(extra: readonly string[]): Promise<SourceSession> {
  server = await OwnServer.start({ program: 'mariadb', extra: [...extra] });
  await runSql(server, ['CREATE DATABASE shop', 'CREATE TABLE shop.item_1 (id int PRIMARY KEY)']);
  const { host, port, user, password } = server;
  const definition = { id: 'S', name: 'S', kind: 'mariadb' as const, host, port, user, tls: 'disabled' as const };
  const source = { definition: { ...definition, password }, password, clock: systemClock, timeoutMs: 10_000 };
  ({ session } = await openSource(source, { place: null, schemas: [] }));
  return session;
}

describe('mappings in another case than the table', () => {
  it('cover it at a source that folds names', async () => {
    const folding = await openAt(['--lower-case-table-names=1']);
    const matcher = await matchAtSource(folding, MAPPINGS);
    expect(matcher.targetsOf('shop', 'item_1')).toMatchObject([{ targetSchema: 'copy', targetTable: 'item_1' }]);
    expect(await requireTable(folding, ITEM, MAPPINGS)).toMatchObject({ ...ITEM, primaryKey: [0] });
    // Rows that are counted alone are not sent once more: they would count for nothing.
    const aggregate = { groupBy: [{ expression: 'id', target: 'id' }], count: 'n', values: [] };
    const counting = MAPPINGS.map((mapping) => ({ ...mapping, id: 'N', rules: { aggregate } }));
    expect(await requireTable(folding, ITEM, [...MAPPINGS, ...counting])).toMatchObject(ITEM);
    await expect(requireTable(folding, ITEM, counting)).rejects.toThrow(/^RESYNC_REFUSED.*count its rows/);
  }, 120_000);

  it('do not at one that tells them apart', async () => {
    const exact = await openAt([]);
    expect((await matchAtSource(exact, MAPPINGS)).targetsOf('shop', 'item_1')).toEqual([]);
    await expect(requireTable(exact, ITEM, MAPPINGS)).rejects.toMatchObject({ code: 'RESYNC_REFUSED' });
  }, 120_000);
});
