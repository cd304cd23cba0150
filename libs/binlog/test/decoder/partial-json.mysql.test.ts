/**
 * Goal: after images of partial JSON updates (PARTIAL_UPDATE_ROWS) are what the table holds, to the last character.
 * Method: documents are changed with JSON_SET, JSON_REPLACE and JSON_REMOVE on a real server that logs diffs; the decoded
 * images are compared with what SELECT prints before and after each statement. Random ones print their seed.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { DecodedRow } from '@lutra/binlog/decoder';
import type { RawEvent } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { LoggedChanges } from './logged-changes.ts';

jest.setTimeout(120_000);

const PARTIAL_UPDATE_ROWS = 39;
const DIFF_OF_DOCUMENT = "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'";
const schema = `lutra_partial_${randomBytes(4).toString('hex')}`;
const table = `${schema}.j`;
let log: LoggedChanges;
let partialEvents = 0;

beforeAll(async () => {
  log = await LoggedChanges.open(testServers().mysql, schema);
  await log.connection.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, a JSON, n INT, b JSON)`);
});
afterAll(() => log.close());
beforeEach(async () => {
  await log.connection.query(`SET SESSION binlog_row_value_options = '', binlog_row_image = FULL`);
  await log.connection.query(`TRUNCATE ${table}`);
});

async function selected(): Promise<unknown[]> {
  const [rows] = await log.connection.query(`SELECT id, CAST(a AS CHAR), n, CAST(b AS CHAR) FROM ${table} ORDER BY id`);
  return rows as unknown[];
}

async function rawUpdate(statement: string, values: readonly unknown[] = []): Promise<RawEvent[]> {
  // What went before is not looked at.
  await log.rawEvents([]);
  const raw = await log.rawEvents([log.connection.format(statement, [...values])]);
  partialEvents += raw.filter(({ bytes }) => bytes[4] === PARTIAL_UPDATE_ROWS).length;
  return raw;
}

/** Runs an update and expects its images to be what the table held before and holds after it. */
async function expectExact(statement: string, values: readonly unknown[] = []): Promise<void> {
  const before = await selected();
  const events = await log.decode(await rawUpdate(statement, values));
  const after = await selected();
  const rows = events.flatMap((event): readonly DecodedRow[] => event.rows);
  // A statement that changes nothing logs nothing.
  if (rows.length === 0) expect(after).toEqual(before);
  else expect(rows).toEqual(before.map((image, index) => ({ before: image, after: after[index] })));
}

/** Long enough for a diff to be shorter than the document. */
const PAD = `"${'p'.repeat(300)}"`;

async function store(a: string, b = `{"pad": ${PAD}}`): Promise<void> {
  await log.connection.query(`REPLACE INTO ${table} VALUES (1, ?, 1, ?)`, [a, b]);
  await log.connection.query(DIFF_OF_DOCUMENT);
}

describe('partial updates', () => {
  it.each<[string, string, string]>([
    ['replace a cell', `{"x": [1, 2, 3], "pad": ${PAD}}`, "JSON_SET(a, '$.x[1]', 9)"],
    ['replace in nested arrays', `[[[1, [2, {"k": [0, 5]}]]], ${PAD}]`, "JSON_REPLACE(a, '$[0][0][1][1].k[1]', 'six')"],
    ['append to an array', `{"x": [1], "pad": ${PAD}}`, "JSON_SET(a, '$.x[7]', JSON_ARRAY(1.50, -0e0))"],
    ['reach the last cell', `{"x": [1, 2, 3], "pad": ${PAD}}`, "JSON_SET(a, '$.x[last-1]', 9, '$.x[last]', 8)"],
    ['insert before the first cell', `{"x": [1, 2], "pad": ${PAD}}`, "JSON_SET(a, '$.x[last-5]', 0)"],
    [
      'see a scalar as an array of itself',
      `{"s": {"t": 1}, "pad": ${PAD}}`,
      "JSON_SET(a, '$.s[0].t', 2, '$.s[last].u', 3)",
    ],
    ['wrap a scalar', `{"s": 5, "pad": ${PAD}}`, "JSON_SET(a, '$.s[1]', 6)"],
    [
      'add keys in the order of the server',
      `{"b": 1, "aa": 2, "é": 3, "pad": ${PAD}}`,
      "JSON_SET(a, '$.c', 1, '$.a', 2, '$.ab', 3, '$.\"\"', 4, '$.\"ü\"', 5, '$.zzzzzzz', 6)",
    ],
    [
      'find keys with quotes, dots, brackets and signs',
      `{"a\\"b": 1, "c.d[0]": 2, "\\\\": 3, "\\u0001": 4, "😀": 5, " ": 6, "$": 7, "last": 8, "pad": ${PAD}}`,
      "JSON_SET(a, '$.\"a\\\\\"b\"', 0, '$.\"c.d[0]\"', 0, '$.\"\\\\\\\\\"', 0, '$.\"\\\\u0001\"', 0, '$.\"😀\"', 0, '$.\" \"', 0, '$.\"$\"', 0, '$.last', 0)",
    ],
    [
      'remove members and cells',
      `{"x": [1, 2, 3], "y": {"z": 1}, "pad": ${PAD}}`,
      "JSON_REMOVE(a, '$.x[0]', '$.x[last]', '$.y.z')",
    ],
    [
      'mix kinds of diffs',
      `{"x": [1, 2, 3], "y": {"z": 1}, "pad": ${PAD}}`,
      "JSON_SET(JSON_REMOVE(JSON_REPLACE(a, '$.x[2]', 'r'), '$.y.z'), '$.y.new', NULL)",
    ],
    [
      'leave numbers beyond doubles alone',
      `[18446744073709551615, -9223372036854775808, 1e22, 0.1, 1.0, ${PAD}, 3]`,
      "JSON_SET(a, '$[6]', CAST('12345678901234567890.123456789' AS DECIMAL(40,9)))",
    ],
    [
      'carry values of column types',
      `[1, 2, 3, 4, ${PAD}]`,
      "JSON_SET(a, '$[0]', CAST('2024-02-29 12:34:56.789' AS DATETIME(6)), '$[1]', x'00ff', '$[2]', CAST('-12:00:00' AS TIME), '$[3]', b'101')",
    ],
    ['replace the whole', `[1, ${PAD}]`, "JSON_SET(a, '$', CAST('{\"k\": 1}' AS JSON))"],
  ])('%s', async (_what, document, change) => {
    await store(document);
    await expectExact(`UPDATE ${table} SET a = ${change}`);
  });

  it('change several columns and rows at once', async () => {
    await store(`{"x": [1, 2], "pad": ${PAD}}`);
    await log.connection.query(`INSERT INTO ${table} SELECT 2, a, 5, NULL FROM ${table}`);
    await expectExact(`UPDATE ${table} SET a = JSON_SET(a, '$.x[0]', id), b = JSON_REMOVE(b, '$.pad'), n = n + 1`);
    await expectExact(`UPDATE ${table} SET a = NULL, b = '[null]' WHERE id = 2 OR id = 1`);
    await expectExact(`UPDATE ${table} SET n = 7`);
  });

  it('change large documents', async () => {
    const items = Array.from(
      { length: 9_000 },
      (_, index) => `{"item": ${String(index)}, "name": "name ${String(index)}"}`,
    );
    await store(`[${items.join(', ')}]`);
    await expectExact(`UPDATE ${table} SET a = JSON_SET(a, '$[8999].name', 'longer than before', '$[0]', 1.5)`);
    await expectExact(`UPDATE ${table} SET a = JSON_REMOVE(a, '$[4000]')`);
  });

  it('concern tables without JSON as well', async () => {
    await log.connection.query(DIFF_OF_DOCUMENT);
    const events = await log.decode(
      await rawUpdateOf([
        `CREATE TABLE ${schema}.plain (id INT PRIMARY KEY, v VARCHAR(5), w INT)`,
        `INSERT INTO ${schema}.plain VALUES (1, 'a', NULL)`,
        `UPDATE ${schema}.plain SET v = NULL, w = 4`,
      ]),
    );
    expect(events.at(-1)?.rows).toEqual([{ before: [1, 'a', null], after: [1, null, 4] }]);
  });

  it('are refused by name when the before image lacks the document, and only then', async () => {
    await store(`{"x": [1, 2], "pad": ${PAD}}`);
    await log.connection.query('SET SESSION binlog_row_image = MINIMAL');
    const diff = await rawUpdate(`UPDATE ${table} SET a = JSON_SET(a, '$.x[0]', 9)`);
    await expect(log.decode(diff)).rejects.toMatchObject({
      code: 'SOURCE_EVENT_UNSUPPORTED',
      details: { table, column: 'a', statement: expect.stringContaining('binlog_row_image = FULL') as unknown },
    });
    const whole = await log.decode(await rawUpdate(`UPDATE ${table} SET a = '{"whole": 1}', n = 3`));
    expect(whole.at(-1)?.rows).toEqual([
      { before: [1, undefined, undefined, undefined], after: [undefined, '{"whole": 1}', 3, undefined] },
    ]);
  });

  it('give what SELECT prints for random documents and changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        documentValue,
        documentValue,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (a, b, changes) => {
          await store(JSON.stringify([a, 'p'.repeat(300)]), JSON.stringify({ '': b, pad: 'q'.repeat(300) }));
          for (const column of ['a', 'b']) {
            const root = column === 'a' ? a : b;
            const calls = changes.map(({ operation, turns, value, isNew }) => {
              const path = pathInto(root, turns, column === 'a' ? '$[0]' : '$.""') + (isNew ? '."n é"' : '');
              const { connection } = log;
              if (operation === 'JSON_REMOVE')
                return connection.format(`${column} = JSON_REMOVE(${column}, ?)`, [path]);
              const json = connection.format('CAST(? AS JSON)', [JSON.stringify(value)]);
              return connection.format(`${column} = ${operation}(${column}, ?, ${json})`, [path]);
            });
            await expectExact(`UPDATE ${table} SET ${calls.join(', ')}`);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('were partial updates', () => {
    expect(partialEvents).toBeGreaterThan(30);
  });
});

async function rawUpdateOf(statements: readonly string[]): Promise<RawEvent[]> {
  const raw = await log.rawEvents(statements);
  expect(raw.at(-1)?.bytes[4]).toBe(PARTIAL_UPDATE_ROWS);
  return raw;
}

const key = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'aa', '"', '\\', 'é', '😀', '.', '[0]', '$'),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const { documentValue } = fc.letrec<{ documentValue: unknown }>((tie) => ({
  documentValue: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('documentValue'), { maxLength: 5 }),
    fc.dictionary(key, tie('documentValue'), { maxKeys: 5 }),
  ),
}));
const change = fc.record({
  operation: fc.constantFrom('JSON_SET', 'JSON_REPLACE', 'JSON_REMOVE'),
  turns: fc.array(fc.nat({ max: 20 }), { maxLength: 5 }),
  value: documentValue,
  isNew: fc.boolean(),
});

/** A path into the value, one step per turn, as long as there is something to step into. */
function pathInto(value: unknown, turns: readonly number[], prefix: string): string {
  const [turn, ...rest] = turns;
  if (turn === undefined || value === null || typeof value !== 'object') return prefix;
  if (Array.isArray(value)) {
    const index = turn % (value.length + 1);
    return pathInto(value[index], rest, `${prefix}[${String(index)}]`);
  }
  const members = Object.entries(value as Record<string, unknown>);
  const [name, next] = members[turn % Math.max(members.length, 1)] ?? ['new', null];
  return pathInto(next, rest, `${prefix}.${JSON.stringify(name)}`);
}
