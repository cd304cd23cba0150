import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { must, SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { compileExpressionValue } from '../../src/expression/compile-expression.ts';
import { FACTS } from './expression-fixture.ts';

const PAGE = readFileSync(new URL('../../../../docs/expressions.md', import.meta.url), 'utf8');

const ROWS = [...PAGE.matchAll(/^\| `([^`]+)`\s+\| `([^`]+)`\s+\| (NULL|`[^`]+`)\s+\|$/gm)].map(
  ([, name, declared, value]) => columnOf(must(name, 'a name'), must(declared, 'a type'), must(value, 'a value')),
);
const SOURCE = { schema: 'shop', table: 'orders', columns: ROWS.map(([column]) => column), primaryKey: [0] };
const IMAGE = ROWS.map(([, value]) => value);

const EXAMPLES = [...PAGE.matchAll(/```cel\n([^`]*)```/g)]
  .flatMap(([, lines = '']) => lines.trim().split('\n'))
  .map((line) => {
    const [text = '', expected = ''] = line.split(/\s+\/\/ /);
    return [text, expected] as const;
  });

it('the page has a row and examples', () => {
  expect(ROWS).toHaveLength(16);
  expect(EXAMPLES.length).toBeGreaterThan(70);
});

it.each(EXAMPLES)('%s // %s', (text, expected) => {
  expect(shown(text)).toBe(expected);
});

/** As the page writes a result. */
function shown(text: string): string {
  try {
    const { column, valueOf } = compileExpressionValue(text, { source: SOURCE, name: 'made', mapping: 'm' });
    const value = valueOf(IMAGE, FACTS);
    if (value === null) return 'null';
    if (column.declared === 'tinyint(1)') return value === 1 ? 'true' : 'false';
    const isText = typeof value === 'string' && column.kind !== 'decimal';
    return isText ? `'${value}'` : String(value);
  } catch (error) {
    return `error ${SyncError.of(error).code}`;
  }
}

function columnOf(name: string, declared: string, written: string): readonly [ColumnDefinition, ColumnValue] {
  const text = written.slice(1, -1);
  const named = { name, declared, nullable: true };
  const isNull = written === 'NULL';
  const [, scale] = /^decimal\(\d+,(\d+)\)$/.exec(declared) ?? [];
  if (scale !== undefined) return [{ ...named, kind: 'decimal', scale: Number(scale) }, isNull ? null : text];
  if (declared === 'int') return [{ ...named, kind: 'integer', bytes: 4 }, Number(text)];
  if (declared.startsWith('bigint'))
    return [{ ...named, kind: 'integer', bytes: 8, unsigned: declared.endsWith('unsigned') }, BigInt(text)];
  if (declared === 'double') return [{ ...named, kind: 'double' }, Number(text)];
  if (declared.startsWith('varbinary'))
    return [{ ...named, kind: 'binary' }, new Uint8Array(Buffer.from(text.slice(2), 'hex'))];
  const kind =
    declared === 'date' || declared === 'json' ? declared : declared.startsWith('datetime') ? 'datetime' : 'text';
  return [{ ...named, kind }, isNull ? null : text];
}
