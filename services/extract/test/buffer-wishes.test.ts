import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import type { LutraEvent, ResyncWish, TableDefinition } from '@lutra/model';
import { bufferWishes } from '../src/resync/buffer-wishes.ts';
import { handOnWishes } from '../src/resync/hand-on-wishes.ts';

describe('rows of retl_buffer', () => {
  const names = ['ID', 'TABLE_ID', 'FULL_NAME', 'TYPE', 'PK_DATA', 'GMT_CREATE', 'GMT_MODIFIED'];
  const table: TableDefinition = {
    ...{ schema: 'retl', table: 'retl_buffer', primaryKey: [0] },
    columns: names.map((name) => ({ name, kind: 'text', declared: 'varchar(512)', nullable: true })),
  };
  const after = [7n, 0, 'shop.item', 'u', 'a\u0001b', null, null];

  it('name a table and the values of a key', () => {
    const wish = { id: '7', fullName: 'shop.item', type: 'U', key: ['a', 'b'] };
    expect(bufferWishes({ table, kind: 'insert', rows: [{ after }] })).toEqual([wish]);
    expect(bufferWishes({ table, kind: 'update', rows: [{ before: [], after }] })).toEqual([wish]);
  });

  it('mean nothing when they are deleted', () => {
    expect(bufferWishes({ table, kind: 'delete', rows: [{ before: after }] })).toEqual([]);
  });

  it('say that a column is not there', () => {
    const other = { ...table, columns: table.columns.slice(0, 3) };
    expect(bufferWishes({ table: other, kind: 'insert', rows: [{ after: [1, 0, 's.t'] }] })).toEqual([
      { id: '1', fullName: 's.t', type: '', key: [''], problem: 'retl_buffer has no column TYPE' },
    ]);
  });

  it('are cut, and say so, where no key is so long', () => {
    const long = [...after.slice(0, 4), 'x'.repeat(5_000)];
    const [wish] = bufferWishes({ table, kind: 'insert', rows: [{ after: long }] });
    expect(wish?.problem).toContain('4096');
    expect(wish?.key.join().length).toBeLessThan(200);
  });

  it('are handed on in messages that the bus takes, each once', async () => {
    const wishes = Array.from({ length: 20_000 }, (_, id): ResyncWish => ({
      ...{ id: String(id), fullName: 'shop.item', type: 'U', key: ['ü'.repeat(id % 300)] },
    }));
    const published: LutraEvent[] = [];
    const bus = { publishEvent: (event: LutraEvent) => Promise.resolve(void published.push(event)) };
    const handOn = handOnWishes({ bus, clock: systemClock, identity: { instance: 'extract-1' } } as never);
    await handOn('P', wishes);
    expect(published.flatMap((event) => (event.kind === 'wishes' ? event.wishes : []))).toEqual(wishes);
    for (const event of published) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(512 * 1024);
  });
});
