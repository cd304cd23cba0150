// Goal: a pipeline does not go on at a source that lacks what the target has, or what comes next (DESIGN §4.9).
// Method: the server's answers to the two questions, as recorded; the place stays the same.
import { describe, expect, it } from '@jest/globals';
import { checkPlace } from '@lutra/binlog';
import { recordedSource } from './recorded-source.ts';

const UUID = '0000aaaa-0000-0000-0000-00000000000a';
const place = { done: { kind: 'mysqlGtid' as const, gtidSet: `${UUID}:1-20` }, inside: null };
const source = (executed: string, purged: string) =>
  recordedSource(
    {
      'SELECT @@global.gtid_executed': [{ value: executed }],
      'SELECT @@global.gtid_purged': [{ value: purged }],
    },
    { placeKind: 'mysqlGtid' },
  );

describe('the place of a pipeline at a source with GTIDs', () => {
  it('is good where the source has what is done, and what comes next', async () => {
    await expect(checkPlace(source(`${UUID}:1-30`, `${UUID}:1-20`), place)).resolves.toBeUndefined();
  });

  it('is refused with the list where the source lacks what is done', async () => {
    const refused = checkPlace(source(`${UUID}:1-17`, ''), place);
    await expect(refused).rejects.toMatchObject({ code: 'SOURCE_LOST_TRANSACTIONS' });
    await expect(refused).rejects.toThrow(`${UUID}:18-20`);
  });

  it('is refused where the source has purged what comes next', async () => {
    await expect(checkPlace(source(`${UUID}:1-30`, `${UUID}:1-25`), place)).rejects.toMatchObject({
      code: 'SOURCE_POSITION_PURGED',
    });
  });
});
