import { deflateSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { processor } from '../src/uncompress.ts';

const TABLE = {
  ...{ schema: 'shop', table: 'notes', primaryKey: ['id'] },
  columns: [
    { name: 'id', type: 'int' },
    { name: 'body', type: 'blob' },
  ],
};

/** As COMPRESS() does it. */
function compressed(text: string | Buffer, length = Buffer.byteLength(text)): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(length);
  return Buffer.concat([head, deflateSync(text)]);
}

async function answerTo(body: Uint8Array | string | null): Promise<unknown> {
  const settings = { column: 'body', bytesMax: 1_000 };
  const opened = await processor.open({ settings, table: TABLE });
  return (await opened.process([{ id: 1, body }], new AbortController().signal))[0];
}

it.each([
  ['a text', compressed('žluť 😀'), { kind: 'row', values: { body: 'žluť 😀' } }],
  ['the empty text', Buffer.alloc(0), { kind: 'row', values: { body: '' } }],
  ['NULL', null, { kind: 'row', values: {} }],
  ['too much', compressed('x'.repeat(1_001)), { kind: 'refused', reason: 'body would hold more than 1000 bytes' }],
  ['more than it says', compressed('x'.repeat(500), 3), { kind: 'refused' }],
  [
    'less than it says',
    compressed('x', 30),
    { kind: 'refused', reason: 'body holds another number of bytes than it says' },
  ],
  ['no bytes', 'text', { kind: 'refused', reason: 'body holds no bytes' }],
  ['a few bytes', Buffer.from([1, 2]), { kind: 'refused' }],
  ['nonsense', Buffer.from('nonsense and more'), { kind: 'refused' }],
  ['no UTF-8', compressed(Buffer.from([0xff, 0xfe])), { kind: 'refused' }],
])('%s', async (_what, body, answer) => {
  expect(await answerTo(body)).toMatchObject(answer);
});

it('makes text of the column, whatever it was', () => {
  expect(processor.columns({ settings: { column: 'body', bytesMax: 1 }, table: TABLE })).toEqual([
    { name: 'body', type: 'longtext' },
  ]);
  expect(() => processor.columns({ settings: { column: 'x', bytesMax: 1 }, table: TABLE })).toThrow('has no column x');
});
