import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SyncError } from '@lutra/model';
import { applyJsonDiffs } from '../../src/decoder/json-diffs.ts';

/** {"a": 1} and [1, [2]] as MySQL stores them. */
const OBJECT = Buffer.from('00 0100 0c00 0b00 0100 05 0100 61'.replaceAll(' ', ''), 'hex');
const ARRAY = Buffer.from('02 0200 1100 05 0100 02 0a00 0100 0700 05 0200'.replaceAll(' ', ''), 'hex');
/** The number 7 as a document of its own. */
const SEVEN = Buffer.from([5, 7, 0]);

const REPLACE = 0;
const INSERT = 1;
const REMOVE = 2;

function diff(operation: number, path: string, value: Uint8Array = SEVEN): Buffer {
  const bytes = Buffer.from(path, 'utf8');
  const head = Buffer.concat([Buffer.from([operation, bytes.length]), bytes]);
  return operation === REMOVE ? head : Buffer.concat([head, Buffer.from([value.length]), value]);
}

describe('applyJsonDiffs', () => {
  it.each<[string, Buffer, Buffer[], string]>([
    ['replaces a member', OBJECT, [diff(REPLACE, '$.a')], '{"a": 7}'],
    ['inserts a member in its place', OBJECT, [diff(INSERT, '$.""'), diff(INSERT, '$.b')], '{"": 7, "a": 1, "b": 7}'],
    ['removes a member', OBJECT, [diff(REMOVE, '$."a"')], '{}'],
    ['replaces the whole', OBJECT, [diff(REPLACE, '$', ARRAY), diff(REMOVE, '$[0]')], '[[2]]'],
    [
      'goes into what it has inserted',
      ARRAY,
      [diff(INSERT, '$[9]', OBJECT), diff(REPLACE, '$[2].a')],
      '[1, [2], {"a": 7}]',
    ],
    ['counts from the last cell', ARRAY, [diff(REPLACE, '$[last-1]'), diff(INSERT, '$[1][last-3]')], '[7, [7, 2]]'],
    ['leaves a document without diffs alone', ARRAY, [], '[1, [2]]'],
  ])('%s', (_sentence, document, diffs, text) => {
    expect(applyJsonDiffs(document, Buffer.concat(diffs))).toBe(text);
  });

  it.each<[string, Buffer, Buffer]>([
    ['a member that is not there', OBJECT, diff(REPLACE, '$.b')],
    ['a member that is there already', OBJECT, diff(INSERT, '$.a')],
    ['a cell of an object', OBJECT, diff(REPLACE, '$[1]')],
    ['a member of an array', ARRAY, diff(INSERT, '$.a')],
    ['a cell behind the last', ARRAY, diff(REMOVE, '$[2]')],
    ['the whole, removed', ARRAY, diff(REMOVE, '$')],
    ['a path without a root', OBJECT, diff(REPLACE, 'a')],
    ['a path with a wildcard', OBJECT, diff(REPLACE, '$.*[')],
    ['a path of too many legs', OBJECT, diff(REPLACE, `$${'.a'.repeat(101)}`)],
    ['an unknown operation', OBJECT, diff(3, '$.a')],
    ['a diff that is cut', OBJECT, diff(REPLACE, '$.a').subarray(0, 6)],
  ])('refuses %s', (_sentence, document, diffs) => {
    expect(() => applyJsonDiffs(document, diffs)).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_CORRUPT' }));
  });

  it('ends any diffs in text that parses, or in a typed error', () => {
    const path = fc.oneof(
      fc.constantFrom('$', '$.a', '$[0]', '$[1]', '$[1][0]', '$[last]', '$."b"'),
      fc.string({ maxLength: 9 }),
    );
    const value = fc.oneof(fc.constantFrom(SEVEN, OBJECT, ARRAY), fc.uint8Array({ maxLength: 30 }));
    const one = fc
      .tuple(fc.nat({ max: 3 }), path, value)
      .map(([operation, text, bytes]) => diff(operation, text, bytes));
    fc.assert(
      fc.property(fc.constantFrom(OBJECT, ARRAY), fc.array(one, { maxLength: 6 }), (document, diffs) => {
        try {
          JSON.parse(applyJsonDiffs(document, Buffer.concat(diffs)));
        } catch (error) {
          const codes = ['SOURCE_EVENT_CORRUPT', 'SOURCE_EVENT_UNSUPPORTED'];
          if (!SyncError.is(error) || !codes.includes(error.code)) throw error;
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
