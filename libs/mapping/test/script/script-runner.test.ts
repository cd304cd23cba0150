import { describe, expect, it, jest } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, RowImage } from '@lutra/model';
import type { RowFacts } from '../../src/compiled-value.ts';
import { ScriptRunner } from '../../src/script/script-runner.ts';
import type { ScriptImage } from '../../src/script/script-runner.ts';

// Goal: whatever a script does, the service lives, and the row that it was for has a typed error with line and column.
// Method: real scripts in the real sandbox.

// A script's time is that of the processor: on a busy machine it takes long by the clock.
jest.setTimeout(60_000);

const bigint: ColumnDefinition = { name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 };
const text: ColumnDefinition = { name: 'name', kind: 'text', declared: 'text', nullable: true, charset: 'utf8mb4' };
const facts: RowFacts = {
  pipelineId: 'p1',
  gtid: '0-1-7',
  commitMs: 1_700_000_000_123.25,
  event: 2,
  row: 5,
  kind: 'update',
};
const LIMITS = { timeMs: 300, memoryBytes: 24 * 1024 * 1024 };

const runner = (source: string, columns: readonly ColumnDefinition[] = [bigint, text], limits = LIMITS): ScriptRunner =>
  new ScriptRunner({ source, columns, ...limits, names: { mapping: 'm1', schema: 'shop', table: 'orders' } });
const image = (values: RowImage, change: Partial<ScriptImage> = {}): ScriptImage => ({
  which: 'after',
  image: values,
  facts,
  ...change,
});

async function one(source: string, values: RowImage = [1n, 'a'], columns?: readonly ColumnDefinition[]) {
  const [outcome] = await runner(source, columns).run([image(values)]);
  if (outcome === undefined) throw new Error('an image has an outcome');
  return outcome;
}

async function errorOf(
  source: string,
  columns?: readonly ColumnDefinition[],
  values: RowImage = [1n, 'a'],
): Promise<SyncError> {
  const { rows } = await one(source, values, columns);
  if (!SyncError.is(rows)) throw new Error(`expected an error, not ${String(rows.length)} rows`);
  return rows;
}

describe('a script', () => {
  it.each([
    ['keeps a row that it returns', 'return row;', [[1n, 'a']]],
    ['changes a row that it is given', 'row.name = row.name + row.id; return row;', [[1n, 'a1']]],
    ['makes a row of its own; columns that it leaves out are null', 'return { id: 7 };', [[7n, null]]],
    ['drops a row by null', 'return null;', []],
    ['drops a row by nothing', '', []],
    ['drops a row by an empty array', 'return [];', []],
    [
      'makes several rows',
      "return [row, { ...row, name: 'b' }];",
      [
        [1n, 'a'],
        [1n, 'b'],
      ],
    ],
    [
      'takes no function of an object for a column',
      "return Object.assign(Object.create({ name: 'x' }), { id: 2 });",
      [[2n, 'x']],
    ],
  ])('%s', async (_behaviour, body, expected) => {
    expect((await one(`function transform(row) { ${body} }`)).rows).toEqual(expected);
  });

  it('leaves absent what a partial image does not carry', async () => {
    expect((await one('const transform = (row) => ({ ...row });', [1n, undefined])).rows).toEqual([[1n, undefined]]);
  });

  it('knows columns that are called as what every object has', async () => {
    const columns = ['__proto__', 'constructor', 'toString'].map((name) => ({ ...text, name }));
    const source = 'function transform(row) { return { constructor: row.__proto__ + row.constructor }; }';
    expect((await one(source, ['a', 'b', 'c'], columns)).rows).toEqual([[null, 'ab', null]]);
    expect((await one('function transform(row) { return row; }', ['a', 'b', 'c'], columns)).rows).toEqual([
      ['a', 'b', 'c'],
    ]);
  });

  it('is told of the change, and of no other time than its commit', async () => {
    const source = `function transform(row, context) {
      const { image, kind, gtid, commitTime, event, mapping, schema, table } = context;
      return { name: JSON.stringify([image, kind, gtid, commitTime, event, context.row, mapping, schema, table,
        Date.now(), new Date().toISOString(), new Date(2020, 5, 1).getTime(), new Date('2020-06-01T00:00:00').getTimezoneOffset()]) };
    }`;
    const { rows } = await one(source);
    expect(JSON.parse(String((rows as readonly RowImage[])[0]?.[1]))).toEqual([
      ...['after', 'update', '0-1-7', '2023-11-14 22:13:20.123250', 2, 5, 'm1', 'shop', 'orders'],
      ...[1_700_000_000_123, '2023-11-14T22:13:20.123Z', Date.UTC(2020, 5, 1), 0],
    ]);
  });

  it('is given chance that the name of the row decides', async () => {
    const source = 'function transform(row) { return { id: row.id, name: `${Math.random()} ${Math.random()}` }; }';
    const other = image([1n, 'a'], { facts: { ...facts, row: 6 } });
    const run = async (images: readonly ScriptImage[]) =>
      (await runner(source).run(images)).map(({ rows }) => (rows as readonly RowImage[])[0]?.[1]);
    const [first, again, third] = await run([image([1n, 'a']), image([1n, 'a']), other]);
    expect(again).toBe(first);
    expect(third).not.toBe(first);
    expect(await run([other])).toEqual([third]);
  });

  it('keeps what is said on the console, within limits, also when it fails', async () => {
    const said = await one(
      "function transform(row) { console.log('a', row, 1n, null); console.error('b'.repeat(5000)); throw 1; }",
    );
    expect(said.lines).toEqual(['a {"id":"1n","name":"a"} 1n null', `${'b'.repeat(1000)}…`]);
    const many = await one('function transform(row) { for (let i = 0; i < 1000; i++) console.log(i); }');
    expect(many.lines).toHaveLength(21);
    expect(many.lines.at(-1)).toBe('…');
  });
});

describe('what a script may not do', () => {
  it.each([
    ['throw', "function transform(row) {\n  throw new TypeError('secret');\n}", 'ROW_SCRIPT_FAILED', 2],
    ['read from nothing', 'function transform(row) {\n\n  return row.x.y;\n}', 'ROW_SCRIPT_FAILED', 3],
    ['throw before transform', "throw new Error('x');\nfunction transform() {}", 'ROW_SCRIPT_FAILED', 1],
    ['loop for ever', 'function transform(row) {\n  for (;;);\n}', 'ROW_SCRIPT_TIME', 1],
    [
      'loop for ever in a regular expression',
      "function transform() {\n  /(a+)+b/.test('a'.repeat(40));\n}",
      'ROW_SCRIPT_TIME',
      2,
    ],
    ['recur for ever', 'function transform(row) {\n  return transform(row) + 1;\n}', 'ROW_SCRIPT_FAILED', 2],
    ['name an unknown column', 'const transform = () => ({ nope: 1 });', 'ROW_SCRIPT_RESULT', undefined],
    ['return a number', 'const transform = () => 1;', 'ROW_SCRIPT_RESULT', undefined],
    ['return rows in rows', 'const transform = (row) => [[row]];', 'ROW_SCRIPT_RESULT', undefined],
    [
      'return very many rows',
      'const transform = () => Array.from({ length: 10001 }, () => ({}));',
      'ROW_SCRIPT_RESULT',
      undefined,
    ],
    ['wait', 'async function transform(row) { return row; }', 'ROW_SCRIPT_RESULT', undefined],
    ['give an object for a value', 'const transform = () => ({ name: {} });', 'ROW_SCRIPT_VALUE', undefined],
    ['give a number for text', 'const transform = () => ({ name: 1 });', 'ROW_SCRIPT_VALUE', undefined],
  ])('%s', async (_what, source, code, line) => {
    const error = await errorOf(source);
    expect(error).toMatchObject({ code, class: 'poison' });
    expect(error.details['line']).toBe(line);
    expect(error.message).not.toContain('secret');
  });

  it.each([
    ['an array that grows', "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length);"],
    [
      'an array that grows, caught',
      "try { const a = []; for (;;) a.push('x'.repeat(1e6) + a.length); } catch { return row; }",
    ],
    ['a long text', "return { name: 'a'.repeat(2 ** 28) };"],
    ['a large buffer', 'return { name: String(new Uint8Array(2 ** 30).length) };'],
  ])('take more memory than it may: %s', async (_what, body) => {
    expect(await errorOf(`function transform(row) { ${body} }`)).toMatchObject({ code: 'ROW_SCRIPT_MEMORY' });
  });

  it.each([
    ['a text that is nested deep', "return { name: String(JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)).length) };"],
    [
      'arrays that are nested deep',
      'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return { name: JSON.stringify(a) };',
    ],
    [
      'proxies that are nested deep',
      'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return { name: p.x };',
    ],
    ['a pattern that is nested deep', "return { name: String(new RegExp('('.repeat(1e5))) };"],
    ['code of text by constructors', "return { name: [].constructor.constructor('return 1')() };"],
    ['code of text by generators', "return { name: Object.getPrototypeOf(function* () {}).constructor('yield 1')() };"],
    ['code of text by eval', "return { name: eval('1') };"],
    ['another prototype for all objects', "Object.prototype.name = 'x'; return {};"],
    ['a global', "globalThis.x = 'x'; return {};"],
    ['a global by the way', "undeclared = 'x'; return {};"],
  ])('go beyond its means: %s', async (_what, body) => {
    expect(await errorOf(`function transform(row) { ${body} }`)).toMatchObject({ code: 'ROW_SCRIPT_FAILED' });
  });

  it('stay inside of a built-in function', async () => {
    const source = 'function transform() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }';
    expect(await errorOf(source)).toMatchObject({ code: 'ROW_SCRIPT_TIME' });
  }, 30_000);

  it('reach anything outside', async () => {
    const source = `const transform = () => ({ name: JSON.stringify([typeof process, typeof require, typeof fetch, typeof setTimeout,
      typeof WebAssembly, typeof Promise, typeof WeakRef, typeof eval, typeof SharedArrayBuffer, typeof Intl]) });`;
    const { rows } = await one(source);
    expect(rows).toEqual([[null, JSON.stringify(Array<string>(10).fill('undefined'))]]);
  });

  it('end the function that it is put in', async () => {
    const source = 'function transform(row) { return row; } }); globalThis.x = 1; (function () { {';
    await expect(runner(source).run([image([1n, 'a'])])).rejects.toMatchObject({ code: 'MAPPING_SCRIPT_INVALID' });
  });
});

describe('rows of one batch', () => {
  const source = `function transform(row) {
    if (row.name === 'loop') for (;;);
    if (row.name === 'grow') return { name: 'a'.repeat(2 ** 28) };
    if (row.name === 'deep') return { name: JSON.parse('['.repeat(1e5)) };
    if (row.name === 'throw') throw new Error('x');
    return row;
  }`;

  it('have what they would have alone, whatever becomes of their neighbours', async () => {
    const names = ['a', 'loop', 'b', 'grow', 'c', 'deep', 'd', 'throw', 'e'];
    const outcomes = await runner(source).run(names.map((name, index) => image([BigInt(index), name])));
    expect(outcomes.map(({ rows }) => (SyncError.is(rows) ? rows.code : rows[0]?.[1]))).toEqual([
      ...['a', 'ROW_SCRIPT_TIME', 'b', 'ROW_SCRIPT_MEMORY', 'c', 'ROW_SCRIPT_FAILED', 'd', 'ROW_SCRIPT_FAILED', 'e'],
    ]);
  }, 60_000);

  it('may be many, of many scripts', async () => {
    const all = Array.from({ length: 26 }, (_, index) =>
      runner(`const transform = (row) => ({ id: row.id, name: '${String(index)}' });`),
    );
    const images = Array.from({ length: 40 }, (_, index) => image([BigInt(index), null]));
    for (let round = 0; round < 2; round++)
      await Promise.all(
        all.map(async (script, index) => {
          const outcomes = await script.run(images);
          expect(outcomes.map(({ rows }) => rows)).toEqual(images.map(({ image: [id] }) => [[id, String(index)]]));
        }),
      );
  }, 60_000);
});

describe('scripts of many tables', () => {
  it('keep their sandboxes while rows of 30 tables come in turns', async () => {
    const tables = Array.from({ length: 30 }, () => runner('function transform(row) { return row; }'));
    for (const table of tables) await table.run([image([1n, 'a'])]);
    const opened = tables.map((table) => table.opened);
    for (const table of tables) await table.run([image([2n, 'b'])]);
    expect(tables.map((table) => table.opened)).toEqual(opened);
  }, 60_000);
});

describe('large values', () => {
  const large = 'x'.repeat(30 * 1024 * 1024);
  const columns = [bigint, text, { ...text, name: 'blob', kind: 'binary' as const }];
  const bytes = Buffer.alloc(30 * 1024 * 1024, 7);

  it.each([
    ['row', 'row.id = 2n; return row;', [2n, large, bytes]],
    ['none', 'return row.id === 2n ? row : null;', null],
    ['another', "row.name = 'short'; delete row.blob; return row;", [1n, 'short', null]],
    ['several', 'return [row, row];', [1n, large, bytes]],
    ['keys', 'return Object.keys(row).length === 3 ? row : null;', [1n, large, bytes]],
  ])('stay outside while the script does not look at them: %s', async (_what, body, expected) => {
    const { rows } = await one(`function transform(row) { ${body} }`, [1n, large, bytes], columns);
    if (SyncError.is(rows)) throw rows;
    // Not by toEqual, which is slow on them.
    if (expected === null) expect(rows).toEqual([]);
    else for (const row of rows) expect(row.every((value, index) => isSame(value, expected[index]))).toBe(true);
  });

  it('are brought in when it does', async () => {
    const values = [1n, `${'x'.repeat(100_000)}€`, bytes.subarray(0, 100_000)] as const;
    const source = 'function transform(row) { return { ...row, id: row.name.length + row.blob.length }; }';
    const { rows } = await one(source, values, columns);
    if (SyncError.is(rows)) throw rows;
    expect(rows).toEqual([[200_001n, values[1], values[2]]]);
    expect(
      await errorOf('function transform(row) { return { name: row.name + 1 }; }', columns, [1n, large, bytes]),
    ).toMatchObject({
      code: 'ROW_SCRIPT_MEMORY',
    });
  });

  it('cannot be put in the place of another column', async () => {
    const source = `function transform(row) {
      const { name } = Object.getOwnPropertyDescriptors(row);
      return Object.defineProperties({}, { name, other: name });
    }`;
    const value = 'y'.repeat(70_000);
    const { rows } = await one(source, [1n, value, 'o'], [bigint, text, { ...text, name: 'other' }]);
    expect(rows).toEqual([[null, value, value]]);
  });
});

const isSame = (one: ColumnValue | undefined, other: ColumnValue | undefined): boolean =>
  one instanceof Uint8Array && other instanceof Uint8Array ? Buffer.compare(one, other) === 0 : one === other;

describe('values', () => {
  const values: [string, ColumnDefinition, readonly ColumnValue[]][] = [
    ['64-bit integers', bigint, [0n, 1n, -1n, 127n, 128n, -128n, -129n, 255n, 2n ** 63n - 1n, -(2n ** 63n)]],
    ['unsigned ones', { ...bigint, unsigned: true }, [0n, 2n ** 64n - 1n]],
    ['32-bit integers', { ...bigint, bytes: 4 }, [0, -1, 63, 64, 2 ** 31 - 1, -(2 ** 31)]],
    ['bits', { ...bigint, kind: 'bit', length: 64 }, [0n, 2n ** 64n - 1n]],
    ['doubles', { ...text, kind: 'double' }, [0, -0, 0.1, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2]],
    ['floats', { ...text, kind: 'float' }, [Math.fround(0.1), -0]],
    ['decimals', { ...text, kind: 'decimal', length: 10, scale: 2 }, ['-12345678.90', '0.00', '0.10']],
    ['days', { ...text, kind: 'date' }, ['2024-02-29', '0000-00-00']],
    ['times', { ...text, kind: 'time', length: 6 }, ['-838:59:59.000000', '00:00:00.000001']],
    ['datetimes', { ...text, kind: 'datetime', length: 0 }, ['9999-12-31 23:59:59']],
    ['timestamps', { ...text, kind: 'timestamp', length: 3 }, ['2024-02-29 00:00:00.123']],
    ['text', text, ['', 'é', '€'.repeat(100), '😀', '\ud800', 'x'.repeat(100_000), '\0']],
    ['bytes', { ...text, kind: 'binary' }, [Buffer.from([]), Buffer.from([0, 255]), Buffer.alloc(100_000, 7)]],
    ['JSON', { ...text, kind: 'json' }, ['{"a": 12345678901234567890}']],
    ['labels', { ...text, kind: 'enum', labels: ['a', 'b'] }, ['a', '']],
    ['sets', { ...text, kind: 'set', labels: ['a', 'b'] }, ['a,b', '']],
    ['years', { ...text, kind: 'year' }, [0, 1901, 2155]],
  ];

  it.each(values)('%s go in and out as they are', async (_kind, column, all) => {
    for (const source of ['const transform = (row) => row;', 'const transform = (row) => ({ ...row });']) {
      const outcomes = await runner(source, [column]).run([...all, null].map((value) => image([value])));
      expect(outcomes.map(({ rows }) => rows)).toEqual([...all, null].map((value) => [[value]]));
    }
  });

  it('may be one object in many places', async () => {
    const binary = (name: string): ColumnDefinition => ({ ...text, name, kind: 'binary' });
    const source = `function transform(row) {
      const bytes = new Uint8Array([1, 2]);
      return [{ a: bytes, b: bytes }, { a: new Uint8Array(bytes.buffer), b: bytes.subarray(1) }, row, row];
    }`;
    const { rows } = await one(source, [Buffer.from([3]), null], [binary('a'), binary('b')]);
    const [both, last, came] = [Buffer.from([1, 2]), Buffer.from([2]), Buffer.from([3])];
    expect(rows).toEqual([
      [both, both],
      [both, last],
      [came, null],
      [came, null],
    ]);
  });

  it.each([
    ['a number for 64 bits', bigint, '7', 7n],
    ['a boolean for an integer', { ...bigint, bytes: 1 }, 'true', 1],
    ['a BigInt for 32 bits', { ...bigint, bytes: 4 }, '7n', 7],
    ['a whole number for a decimal', { ...text, kind: 'decimal', length: 10, scale: 2 }, '7', '7.00'],
    ['a short decimal', { ...text, kind: 'decimal', length: 10, scale: 2 }, "'-0.5'", '-0.50'],
    [
      'a datetime without a fraction',
      { ...text, kind: 'datetime', length: 3 },
      "'2024-01-01 00:00:00'",
      '2024-01-01 00:00:00.000',
    ],
    ['a part of a buffer', { ...text, kind: 'binary' }, 'new Uint8Array([1, 2, 3]).subarray(1, 2)', Buffer.from([2])],
  ] as [string, ColumnDefinition, string, ColumnValue][])('take %s', async (_what, column, given, expected) => {
    expect((await one(`const transform = () => ({ ${column.name}: ${given} });`, [null], [column])).rows).toEqual([
      [expected],
    ]);
  });

  it.each([
    ['an integer that is too large', { ...bigint, bytes: 1 }, '128'],
    ['a negative one', { ...bigint, unsigned: true }, '-1n'],
    ['a fraction for an integer', { ...bigint, bytes: 4 }, '1.5'],
    ['a number that may have lost digits', bigint, '2 ** 53'],
    ['a fraction as a number for a decimal', { ...text, kind: 'decimal', length: 10, scale: 2 }, '0.5'],
    ['a decimal with too many digits', { ...text, kind: 'decimal', length: 4, scale: 2 }, "'123.45'"],
    ['a decimal with too long a fraction', { ...text, kind: 'decimal', length: 10, scale: 2 }, "'0.125'"],
    ['no decimal', { ...text, kind: 'decimal', length: 10, scale: 2 }, "'1e3'"],
    ['infinity', { ...text, kind: 'double' }, '1 / 0'],
    ['no number', { ...text, kind: 'double' }, '0 / 0'],
    ['a double that no float holds', { ...text, kind: 'float' }, '1e300'],
    ['no day of the calendar', { ...text, kind: 'date' }, "'2023-02-29'"],
    ['no hour of the day', { ...text, kind: 'datetime', length: 0 }, "'2023-02-28 24:00:00'"],
    ['a Date', { ...text, kind: 'datetime', length: 0 }, 'new Date()'],
    ['broken JSON', { ...text, kind: 'json' }, "'{'"],
    ['an unknown label', { ...text, kind: 'enum', labels: ['a'] }, "'b'"],
    ['an array for bytes', { ...text, kind: 'binary' }, '[1]'],
    ['a symbol', text, "Symbol('x')"],
  ] as [string, ColumnDefinition, string][])('refuse %s', async (_what, column, given) => {
    const error = await errorOf(`const transform = () => ({ ${column.name}: ${given} });`, [column]);
    expect(error).toMatchObject({ code: 'ROW_SCRIPT_VALUE', details: { mapping: 'm1', column: column.name } });
  });
});
