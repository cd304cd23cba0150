// Goal: conversions to texts, bytes, labels and documents keep every character, and each loss policy does what docs/mapping-rules.md says.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOSS_POLICIES, readColumnType } from '@lutra/model';
import type { ColumnStep, ColumnValue, LossPolicy } from '@lutra/model';
import { columnOf, outcome, problemOf, stepOver } from './step-fixture.ts';

const LOST = 'ROW_VALUE_LOST';
const INVALID = 'ROW_VALUE_INVALID';
interface More {
  readonly charset?: string;
  readonly format?: string;
}
const convert = (type: string, onLoss: LossPolicy, more: More = {}): ColumnStep => ({
  kind: 'convert',
  type,
  onLoss,
  ...more,
});
const typeOf = (declared: string) => columnOf(readColumnType(declared) ?? { kind: 'geometry' });
const shown = (value: ColumnValue | undefined): unknown =>
  value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : value;
const from = (
  source: string,
  type: string,
  { onLoss = 'fail', ...more }: More & { onLoss?: LossPolicy },
  value: ColumnValue,
) => shown(outcome(stepOver(convert(type, onLoss, more), typeOf(source)), value));
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('a value that fits', () => {
  it.each<[string, ColumnValue, string, More, unknown]>([
    ['int', -5, 'varchar(2)', {}, '-5'],
    ['bigint unsigned', 2n ** 64n - 1n, 'text', {}, '18446744073709551615'],
    ['decimal(5,2)', '-1.50', 'char(5)', {}, '-1.50'],
    ['double', 1e21, 'varchar(24)', {}, '1e21'],
    ['double', 0.1, 'varchar(24)', {}, '0.1'],
    ['float', Math.fround(0.1), 'varchar(24)', {}, '0.1'],
    ['year', 0, 'varchar(4)', {}, '0000'],
    ['bit(4)', 5n, 'varchar(4)', {}, '5'],
    ['date', '2024-02-29', 'varchar(10)', {}, '2024-02-29'],
    ["enum('a','b')", 'b', 'varchar(1)', {}, 'b'],
    ["set('a','b')", 'a,b', 'text', {}, 'a,b'],
    ['json', '{"a": 1}', 'longtext', {}, '{"a": 1}'],
    ['text', '😀é', 'varchar(2)', {}, '😀é'],
    ['text', 'é€', 'varchar(2)', { charset: 'latin1' }, 'é€'],
    ['blob', bytes('e980'), 'varchar(2)', { charset: 'latin1' }, 'é€'],
    ['blob', bytes('d6d0cec4'), 'text', { charset: 'gbk' }, '中文'],
    ['blob', bytes('c3a9'), 'text', {}, 'é'],
    ['blob', bytes('00ff'), 'char(4)', { format: 'hex' }, '00ff'],
    ['blob', bytes('00ff'), 'char(4)', { format: 'base64' }, 'AP8='],
    ['text', 'é€', 'varbinary(2)', { charset: 'latin1' }, '0xe980'],
    ['text', '中文', 'blob', { charset: 'gbk' }, '0xd6d0cec4'],
    ['text', 'é', 'blob', {}, '0xc3a9'],
    ['text', '00Ff', 'binary(2)', { format: 'hex' }, '0x00ff'],
    ['text', 'AP8=', 'binary(2)', { format: 'base64' }, '0x00ff'],
    ['blob', bytes('01'), 'binary(3)', {}, '0x010000'],
    ['binary(3)', bytes('010203'), 'varbinary(3)', {}, '0x010203'],
    ["enum('a','é')", 'é', 'blob', {}, '0xc3a9'],
    ['text', 'b', "enum('a','b')", {}, 'b'],
    ['int', 2, "enum('a','b')", {}, 'b'],
    ['decimal(3,1)', '1.0', "enum('a','b')", {}, 'a'],
    ['text', 'b,a,b', "set('a','b')", {}, 'a,b'],
    ['text', '', "set('a','b')", {}, ''],
    ['bigint', 5n, "set('a','b','c')", {}, 'a,c'],
    ['int', 0, "set('a','b')", {}, ''],
    ["enum('a','b')", 'a', "enum('b','a')", {}, 'a'],
    ['json', '"b"', "enum('a','b')", {}, 'b'],
    ['json', 'null', "enum('a','b')", {}, null],
    ['text', ' {"a": [1e400]} ', 'json', {}, ' {"a": [1e400]} '],
    ['bigint', 2n ** 60n, 'json', {}, '1152921504606846976'],
    ['year', 0, 'json', {}, '0'],
    ['decimal(5,2)', '1.50', 'json', {}, '1.50'],
    ['json', '[1]', 'json', {}, '[1]'],
  ])('of %s, %p, becomes %s %j', (source, value, target, more, expected) => {
    for (const onLoss of LOSS_POLICIES) expect(from(source, target, { ...more, onLoss }, value)).toEqual(expected);
  });
});

describe('a value that does not fit', () => {
  it.each<[string, ColumnValue, string, More, readonly unknown[]]>([
    // fail, clamp, truncate, null
    ['text', 'abc', 'varchar(2)', {}, [LOST, 'ab', 'ab', null]],
    ['text', 'ab ', 'varchar(2)', {}, [LOST, 'ab', 'ab', null]],
    ['text', 'a😀😁', 'varchar(2)', {}, [LOST, 'a😀', 'a😀', null]],
    ['text', 'é'.repeat(128), 'tinytext', {}, [LOST, 'é'.repeat(127), 'é'.repeat(127), null]],
    ['text', 'é'.repeat(256), 'tinytext', { charset: 'latin1' }, [LOST, 'é'.repeat(255), 'é'.repeat(255), null]],
    ['text', 'a中b', 'varchar(3)', { charset: 'latin1' }, [LOST, 'a?b', 'ab', null]],
    ['text', '中ab', 'varchar(2)', { charset: 'ascii' }, [LOST, '?a', 'ab', null]],
    ['text', 'a中b', 'blob', { charset: 'latin1' }, [LOST, '0x613f62', '0x6162', null]],
    ['text', '😀', 'varchar(3)', { charset: 'utf8mb3' }, [LOST, '?', '', null]],
    ['bigint', 123_456n, 'varchar(3)', {}, [LOST, '123', '123', null]],
    ['blob', bytes('010203'), 'binary(2)', {}, [LOST, '0x0102', '0x0102', null]],
    ['blob', bytes('01'.repeat(256)), 'tinyblob', {}, [LOST, `0x${'01'.repeat(255)}`, `0x${'01'.repeat(255)}`, null]],
    ['blob', bytes('c3'), 'text', {}, [INVALID, INVALID, INVALID, null]],
    ['blob', bytes('80'), 'text', { charset: 'ascii' }, [INVALID, INVALID, INVALID, null]],
    ['text', '0f0', 'blob', { format: 'hex' }, [INVALID, INVALID, INVALID, null]],
    ['text', '0g', 'blob', { format: 'hex' }, [INVALID, INVALID, INVALID, null]],
    ['text', 'A', 'blob', { format: 'base64' }, [INVALID, INVALID, INVALID, null]],
    ['text', 'B', "enum('a','b')", {}, [LOST, LOST, LOST, null]],
    ['text', '', "enum('a','b')", {}, [LOST, LOST, LOST, null]],
    ['int', 0, "enum('a','b')", {}, [LOST, LOST, LOST, null]],
    ['int', 3, "enum('a','b')", {}, [LOST, LOST, LOST, null]],
    ['decimal(3,1)', '1.5', "enum('a','b')", {}, [LOST, LOST, LOST, null]],
    ['text', 'c,a', "set('a','b')", {}, [LOST, 'a', 'a', null]],
    ['int', 4, "set('a','b')", {}, [LOST, LOST, LOST, null]],
    ['text', '{a}', 'json', {}, [INVALID, INVALID, INVALID, null]],
    ['json', '{', "enum('a')", {}, [INVALID, INVALID, INVALID, null]],
  ])('of %s, %p, for %s %j meets its policy', (source, value, target, more, expected) => {
    expect(LOSS_POLICIES.map((onLoss) => from(source, target, { ...more, onLoss }, value))).toEqual(expected);
  });
});

describe('what cannot work', () => {
  it.each<[string, string, More, string]>([
    ['int', 'blob', {}, 'convert it to text first'],
    ['date', 'json', {}, 'make a text of it'],
    ['double', "enum('a')", {}, 'double does not become'],
    ['int', 'varchar(9)', { format: 'hex' }, 'one way only'],
    ['blob', 'text', { format: 'octal' }, 'hex or base64'],
    ['text', 'blob', { format: 'octal' }, 'hex or base64'],
    ['blob', 'text', { charset: 'latin99' }, 'latin99 is not known'],
    ['text', 'blob', { charset: 'latin99' }, 'latin99 is not known'],
    ['text', 'varchar(4)', { charset: 'latin99' }, 'latin99 is not known'],
  ])('%s as %s %j is refused', (source, target, more, why) => {
    expect(problemOf(() => stepOver(convert(target, 'fail', more), typeOf(source)))).toContain(why);
  });
});

describe('laws', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 20 });

  it('bytes come back from hex and base64, text from every charset that has its characters', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        texts,
        fc.constantFrom('utf8mb4', 'latin1', 'gbk', 'utf16', 'gb18030'),
        (given, text, charset) => {
          for (const format of ['hex', 'base64']) {
            const there = outcome(stepOver(convert('text', 'fail', { format }), typeOf('longblob')), given) as string;
            expect(from('text', 'longblob', { format }, there)).toBe(shown(given));
          }
          const encoded = outcome(stepOver(convert('longblob', 'null', { charset }), typeOf('longtext')), text);
          if (encoded instanceof Uint8Array) expect(from('longblob', 'longtext', { charset }, encoded)).toBe(text);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('a text that fits is changed by no policy, a cut one is its beginning, and nothing is thrown but an error of a row', () => {
    const types = fc.constantFrom(
      'varchar(5)',
      'tinytext',
      'char(1)',
      'varbinary(4)',
      'json',
      "set('a','b')",
      "enum('a','')",
    );
    fc.assert(
      fc.property(types, fc.constantFrom('utf8mb4', 'latin1', 'gbk'), texts, (type, charset, text) => {
        const more = /^(?:set|enum|json)/.test(type) ? {} : { charset };
        const [strict, clamped, cut, nulled] = LOSS_POLICIES.map((onLoss) =>
          from('longtext', type, { ...more, onLoss }, text),
        );
        if (strict !== LOST && strict !== INVALID) expect([clamped, cut, nulled]).toEqual([strict, strict, strict]);
        else expect(nulled).toBeNull();
        if (type === 'varchar(5)' && charset === 'utf8mb4' && text.isWellFormed())
          expect(cut).toBe(Array.from(text).slice(0, 5).join(''));
      }),
      { numRuns: 1_000 },
    );
  });
});
