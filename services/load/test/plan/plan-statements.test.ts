import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RowChange, TableDefinition } from '@lutra/model';
import { compileTableWriter } from '@lutra/sql';
import type { ForeignKeyTie, TableWriter } from '@lutra/sql';
import { plannedAlone, planStatements } from '../../src/plan/plan-statements.ts';
import { receivedOne } from '../received.ts';
import type { PlannedRow } from '../../src/plan/planned-statement.ts';

const GENERAL = { charset: 'utf8mb4', collation: 'utf8mb4_general_ci' };

function writerOf(
  table: string,
  key: { charset: string; collation: string } = GENERAL,
  foreignKeys?: ForeignKeyTie,
): TableWriter {
  const definition: TableDefinition = {
    schema: 's',
    table,
    columns: [
      { name: 'k', kind: 'text', declared: 'varchar(9)', nullable: false },
      { name: 'a', kind: 'integer', declared: 'int', nullable: true },
      { name: 'b', kind: 'text', declared: 'longtext', nullable: true },
    ],
    primaryKey: [0],
  };
  const plain = {
    columnType: '',
    nullable: false,
    generated: false,
    needsValue: false,
    charset: null,
    collation: null,
    paddedBytes: null,
  };
  const columns = new Map([
    ['k', { ...plain, name: 'k', dataType: 'varchar', ...key }],
    ['a', { ...plain, name: 'a', dataType: 'int' }],
    ['b', { ...plain, name: 'b', dataType: 'longtext', ...GENERAL }],
  ]);
  const primary = { name: 'PRIMARY', columns: ['k'], isExact: true, isNotNull: true };
  const facts = { triggers: [], engine: 'InnoDB', rowEstimate: null, statement: '' };
  const tied = foreignKeys === undefined ? {} : { foreignKeys: { trust: foreignKeys, verify: foreignKeys } };
  const keys = { key: primary, uniqueKeys: [primary], indexed: new Set<string>() };
  return compileTableWriter(definition, { schema: 's', table, columns, ...keys, ...facts, ...tied });
}

const base = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const transaction = { seq: 1, gtid: 'g', firstEvent: 0, commitMs: 0, isLast: true };
const origin = { process: 1, transaction, serverUuid: 'a' };
const [one, two] = [writerOf('one'), writerOf('two')];
const kinds = (rows: readonly PlannedRow[], limits = { rowsMax: 100, charactersMax: 10_000 }): string[] =>
  planStatements(rows, limits).map(({ kind, rows: planned }) => `${kind} ${String(planned.length)}`);
const row = (writer: TableWriter, change: RowChange): PlannedRow =>
  plannedAlone({ writer, change: receivedOne(change), origin });
const insert = (k: string, a?: number, writer = one): PlannedRow =>
  row(writer, { ...base, kind: 'insert', after: [k, a, 'b'] });
const update = (
  k: string,
  after: readonly [string, number | undefined, string | undefined],
  b = 'b',
  writer = one,
): PlannedRow => row(writer, { ...base, kind: 'update', before: [k, 1, b], after });

/** Equal for the collation of the keys below: case, trailing blanks and accents. */
const collated = (key: string): string => key.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().trimEnd();

const RUNS = { numRuns: 1_000 };

describe('the plan', () => {
  const keys = fc.constantFrom('a', 'A', 'b', 'b ', 'é', 'e', 'É', 'c1', 'C1', 'ab');
  const values = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
  const texts = fc.constantFrom(undefined, 'x', 'y'.repeat(90), 'z'.repeat(2_000), 'w'.repeat(70_000));
  const image = fc.tuple(keys, values, texts);
  const change: fc.Arbitrary<RowChange> = fc.oneof(
    image.map((after) => ({ ...base, kind: 'insert' as const, after })),
    fc.tuple(image, image, fc.boolean()).map(([before, [k, a, b], moves]) => ({
      ...base,
      kind: 'update' as const,
      before,
      after: [moves ? k : before[0], a, b],
    })),
    image.map((before) => ({ ...base, kind: 'delete' as const, before })),
  );
  const rows = fc.array(
    fc.tuple(fc.constantFrom(one, one, two), change).map(([writer, each]) => row(writer, each)),
    { maxLength: 60 },
  );
  const limits = fc.record({
    rowsMax: fc.integer({ min: 1, max: 20 }),
    charactersMax: fc.integer({ min: 1, max: 5_000 }),
  });

  it('keeps every row, in order, and mixes neither tables nor kinds', () => {
    fc.assert(
      fc.property(rows, limits, (input, limit) => {
        const planned = planStatements(input, limit);
        expect(planned.flatMap((statement) => statement.rows)).toEqual(input);
        for (const { kind, writer, rows: together } of planned)
          expect(together.every((each) => each.writer === writer && each.change.kind === kind)).toBe(true);
      }),
      RUNS,
    );
  });

  it('never exceeds its limits, except by a single row', () => {
    fc.assert(
      fc.property(rows, limits, (input, limit) => {
        for (const { rows: together, statement } of planStatements(input, limit)) {
          expect(together.length).toBeLessThanOrEqual(limit.rowsMax);
          const overhead = 400;
          if (together.length > 1) expect(statement.sql.length).toBeLessThanOrEqual(limit.charactersMax * 2 + overhead);
        }
      }),
      RUNS,
    );
  });

  it('never updates one target row twice in a statement', () => {
    const plainUpdate = fc.tuple(keys, fc.integer({ min: 2, max: 5 })).map(([k, a]) => update(k, [k, a, 'b']));
    const updates = fc.array(plainUpdate, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(rows, updates), limits, (input, limit) => {
        for (const { kind, rows: together } of planStatements(input, limit)) {
          if (kind !== 'update') continue;
          const seen = together.map((each) =>
            collated(String(each.change.kind === 'update' ? each.change.before[0] : '')),
          );
          expect(new Set(seen).size).toBe(seen.length);
        }
      }),
      RUNS,
    );
  });

  it('joins neighbours of one table and kind', () => {
    const rest = [update('a', ['a', 2, 'b']), update('b', ['b', 3, 'b'])];
    expect(kinds([insert('a', 1), insert('b', 1), ...rest, insert('c', 1, two), insert('d', 1)])).toEqual([
      'insert 2',
      'update 2',
      'insert 1',
      'insert 1',
    ]);
  });

  it('writes the union of changed columns as long as what is carried along is small', () => {
    const [statement, ...others] = planStatements([update('a', ['a', 2, 'b']), update('b', ['b', 1, 'new'])], {
      rowsMax: 10,
      charactersMax: 1_000,
    });
    expect(others).toEqual([]);
    expect(statement?.statement.sql).toContain('SET t.`a`=v.c0,t.`b`=v.c1');
    const long = 'l'.repeat(3_000);
    expect(kinds([update('a', ['a', 2, long], long), update('b', ['b', 1, 'new'])])).toEqual(['update 1', 'update 1']);
  });

  it('keeps partial images, key changes and large values alone', () => {
    expect(kinds([insert('a'), insert('b')])).toEqual(['insert 1', 'insert 1']);
    expect(kinds([update('a', ['z', 2, 'b']), update('b', ['b', 2, 'b'])])).toEqual(['update 1', 'update 1']);
    const large = planStatements([update('a', ['a', 1, 'x'.repeat(70_000)])], { rowsMax: 10, charactersMax: 1_000 });
    expect(large[0]?.statement.parameters).toEqual(['x'.repeat(70_000)]);
  });

  it('leaves an unchanged large value out of an update', () => {
    const blob = 'x'.repeat(70_000);
    const [statement] = planStatements([update('a', ['a', 2, blob], blob)], { rowsMax: 10, charactersMax: 1_000 });
    expect(statement?.statement).toEqual({ sql: "UPDATE `s`.`one` SET `a`=2 WHERE `k`='a'" });
  });

  it('trusts no collation that it does not know', () => {
    const odd = writerOf('odd', { charset: 'utf8mb4', collation: 'utf8mb4_hungarian_ci' });
    expect(kinds([update('a', ['a', 2, 'b'], 'b', odd), update('b', ['b', 2, 'b'], 'b', odd)])).toEqual([
      'update 1',
      'update 1',
    ]);
  });

  it('leaves what the log of the source changes itself to the log', () => {
    const tie = { group: 'g', isChecked: true, isSelfReferencing: false };
    const cascading = writerOf('parent', GENERAL, { ...tie, changesRows: true });
    const restricting = writerOf('parent', GENERAL, { ...tie, changesRows: false });
    const checked = (writer: TableWriter): readonly (readonly [number, boolean])[] =>
      planStatements(
        [0, 1, 4, 5].map((flags) =>
          row(writer, { ...base, flags, kind: 'delete', before: [`k${String(flags)}`, 1, 'b'] }),
        ),
        { rowsMax: 10, charactersMax: 1_000 },
      ).map(({ rows: together, statement }) => [together.length, statement.sql.includes('foreign_key_checks=1')]);
    expect(checked(cascading)).toEqual([
      [1, true],
      [3, false],
    ]);
    expect(checked(restricting)).toEqual([
      [1, true],
      [1, false],
      [1, true],
      [1, false],
    ]);
    expect(checked(one)).toEqual([[4, false]]);
  });
});
