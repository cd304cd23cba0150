import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { readCsv } from '../src/mapping-import/read-csv.ts';
import { readLines } from '../src/mapping-import/read-lines.ts';

/** What the lines say, refusals as their sentences. */
const said = async (format: 'text' | 'csv', content: string): Promise<readonly unknown[]> =>
  (await readLines(format, content)).map(({ line, content: read }) => [
    line,
    read instanceof SyncError ? read.message.replace('REQUEST_INVALID: ', '') : [read.source, read.target],
  ]);

describe('text', () => {
  it('reads names, ranges and expressions, passes over what is no mapping, and counts lines', async () => {
    const content = `# the shop\r\n\r\nshop.orders -> copy.bestellungen
shop.t_[01-16]->copy.u_[01-16]
shop./(order|item)_(\\d+)/ -> copy.$1_$2_archive
\`odd.shop\`.\`a \`\`-> b\` -> copy.x
shop.größe -> copy`;
    expect(await said('text', content)).toEqual([
      [
        3,
        [
          { schema: 'shop', table: { exact: 'orders' } },
          { schema: 'copy', table: 'bestellungen' },
        ],
      ],
      [
        4,
        [
          { schema: 'shop', table: { range: 't_[01-16]' } },
          { schema: 'copy', table: 'u_[01-16]' },
        ],
      ],
      [
        5,
        [
          { schema: 'shop', table: { regex: '(order|item)_(\\d+)' } },
          { schema: 'copy', table: '$1_$2_archive' },
        ],
      ],
      [
        6,
        [
          { schema: 'odd.shop', table: { exact: 'a `-> b' } },
          { schema: 'copy', table: 'x' },
        ],
      ],
      [7, [{ schema: 'shop', table: { exact: 'größe' } }, { schema: 'copy' }]],
    ]);
  });

  it.each([
    ['orders -> copy.orders', /has to read/],
    ['shop.orders', /has to read/],
    [`shop.${'/'.repeat(2_000)}`, /longer than 1500/],
    ['shop.orders -> copy.orders extra', /has to read/],
    [`shop.${'x'.repeat(65)} -> copy.x`, /source\.table\.exact must be shorter/],
    ['shop.t_[2-1] -> copy.x', /one range of numbers/],
    ['shop./a(/ -> copy.x', /does not compile/],
    ['shop./(a|a)*b/ -> copy.x', /very many ways/],
  ])('%s is refused, and the next line is read', async (line, problem) => {
    const [refused, read] = (await said('text', `${line}\nshop.a -> copy.a`)) as [[number, string], unknown[]];
    expect(refused[1]).toMatch(problem);
    expect(read[1]).toEqual([
      { schema: 'shop', table: { exact: 'a' } },
      { schema: 'copy', table: 'a' },
    ]);
  });

  it('looks at no further line when many expressions are refused', async () => {
    const lines = (await said('text', `${'shop./(a+)+/ -> copy.x\n'.repeat(7)}shop.a -> copy.a`)) as [number, string][];
    expect(lines.map(([, text]) => /very many ways/.test(text))).toEqual([
      ...Array<boolean>(5).fill(true),
      false,
      false,
      false,
    ]);
    expect(lines.at(-1)?.[1]).toMatch(/not looked at/);
  });

  it('lets others be served between expressions', async () => {
    let turns = 0;
    let isRead = false;
    const reading = said('text', 'shop./(a+)+/ -> copy.x\nshop./b.*/ -> copy.y\n'.repeat(3)).finally(
      () => (isRead = true),
    );
    while (!isRead) {
      await setImmediate();
      turns += 1;
    }
    await reading;
    expect(turns).toBeGreaterThanOrEqual(6);
  });

  it.each(['', '# nothing\n', 'shop.a -> copy.a\n'.repeat(1_001)])(
    'a content without or with too many lines',
    async (content) => {
      await expect(readLines('text', content)).rejects.toThrow(/no line|1000 at most/);
    },
  );

  it('never fails otherwise, whatever is sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('text' as const, 'csv' as const),
        fc.string({ unit: 'binary' }),
        async (format, content) => {
          try {
            await readLines(format, content);
          } catch (error) {
            expect(SyncError.of(error).code).toBe('REQUEST_INVALID');
          }
        },
      ),
    );
  }, 60_000);
});

describe('csv', () => {
  it('reads columns by their names, and what each may hold', async () => {
    const content = `\uFEFFtargetSchema,sourceSchema,sourceTable,targetTable,columns,except,renames,onConflict,weight
copy,shop,orders,o,id; name=title,,,latestWins:changed,3
copy,"shop",/a.*/,,,secret; old,id=no,ignore,`;
    expect((await readLines('csv', content)).map(({ content: read }) => read)).toMatchObject([
      { code: 'REQUEST_INVALID' },
      {
        source: { schema: 'shop', table: { regex: 'a.*' } },
        target: { schema: 'copy' },
        columns: { mode: 'except', names: ['secret', 'old'], renames: [{ source: 'id', target: 'no' }] },
        onConflict: { kind: 'ignore' },
        weight: 0,
      },
    ]);
    const [first] = await readLines('csv', content.replace('changed', 'title'));
    expect(first?.content).toMatchObject({
      columns: {
        mode: 'list',
        columns: [
          { source: 'id', target: 'id' },
          { source: 'name', target: 'title' },
        ],
      },
      onConflict: { kind: 'latestWins', column: 'title' },
      weight: 3,
    });
  });

  it.each<[string, RegExp]>([
    ['sourceSchema,sourceTable\na,b', /name the column targetSchema/],
    ['sourceSchema,sourceTable,targetSchema,nosuch\na,b,c,d', /column nosuch does not exist/],
    ['sourceSchema,sourceTable,targetSchema,targetSchema\na,b,c,d', /twice/],
    ['sourceSchema,sourceTable,targetSchema\na,"b,c', /quote/],
  ])('%j is refused as a whole', async (content, problem) => {
    await expect(readLines('csv', content)).rejects.toThrow(problem);
  });

  it.each<[string, RegExp]>([
    ['a,b,c,merge,,', /onConflict has to be one of/],
    ['a,b,c,,heavy,', /weight must be/],
    ['a,,c,,,', /source\.table\.exact must be longer/],
    ['a,b,c,,,,too,many', /more values/],
  ])('the line %s is refused', async (line, problem) => {
    const content = `sourceSchema,sourceTable,targetSchema,onConflict,weight,except\n${line}`;
    const [read] = await readLines('csv', content);
    expect(read?.content).toBeInstanceOf(SyncError);
    expect(SyncError.of(read?.content).message).toMatch(problem);
  });

  // Goal: what is written by the rules is read back. Method: any values, quoted by hand.
  it('reads back every value, with the line on which its record begins', () => {
    const anyValue = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'é') });
    fc.assert(
      fc.property(fc.array(fc.array(anyValue, { minLength: 1, maxLength: 4 }), { maxLength: 6 }), (records) => {
        const text = records
          .map((values) => values.map((one) => `"${one.replaceAll('"', '""')}"`).join(','))
          .join('\n');
        const filled = records.filter((values) => values.some((one) => one !== ''));
        expect(readCsv(text).map(({ values }) => values)).toEqual(filled);
        let line = 1;
        const lines = records.map((values) => {
          const begin = line;
          line += values.join('').split('\n').length;
          return begin;
        });
        expect(readCsv(text).map((record) => record.line)).toEqual(
          lines.filter((_, index) => records[index]?.some((one) => one !== '') === true),
        );
      }),
    );
  });

  it.each<[string, readonly (readonly string[])[]]>([
    [
      'a,b\r\nc,\n\n,d',
      [
        ['a', 'b'],
        ['c', ''],
        ['', 'd'],
      ],
    ],
    ['a', [['a']]],
    ['a,', [['a', '']]],
    ['', []],
    ['\n\n', []],
  ])('%j', (text, expected) => {
    expect(readCsv(text).map(({ values }) => values)).toEqual(expected);
  });
});
