import { describe, expect, it } from '@jest/globals';
import type { ConflictPolicy, MappingDefinition, RowChange, TargetMappingLookup } from '@lutra/model';
import { must } from '@lutra/model';
import { planUnit } from '../../src/plan/plan-unit.ts';
import type { WritableRow } from '../../src/plan/planned-statement.ts';
import { WRITERS } from './history.ts';

// Goal: in what order a merged unit writes its tables, and where a policy keeps rows apart.

const LIMITS = { rowsMax: 100, charactersMax: 100_000 };
const transaction = { seq: 1, gtid: 'u:1', firstEvent: 0, commitMs: 0, isLast: true };

/** Rows of the source in order, each of a table of {@link WRITERS}. */
const rowsOf = (...changes: readonly (readonly [table: string, change: Partial<RowChange>])[]): WritableRow[] =>
  changes.map(([table, change], event) => ({
    writer: must(WRITERS.get(table), 'a table of the history'),
    change: { table: 0, event, row: 0, part: 0, flags: 0, ...change } as RowChange,
    origin: { process: 1, transaction, serverUuid: 'a' },
  }));

const insert = (id: number, u: number | null = null) =>
  ({ kind: 'insert', after: [id, u, null, null, 0, null] }) as const;
const remove = (id: number) => ({ kind: 'delete', before: [id, null, null, null, 0, null] }) as const;
const update = (id: number, [from, to]: readonly [number | null, number | null]) =>
  ({ kind: 'update', before: [id, from, null, null, 0, null], after: [id, to, null, null, 0, null] }) as const;

const mapped = (weights: Readonly<Record<string, number>>, onConflict?: ConflictPolicy): TargetMappingLookup => {
  const mapping: MappingDefinition = {
    id: 'm',
    source: { schema: 's', table: { regex: '.*' } },
    target: { schema: 's' },
    columns: { mode: 'all' },
    ...(onConflict === undefined ? {} : { onConflict }),
  };
  return (_schema, table) => ({ ...mapping, weight: weights[table] ?? 0 });
};

const order = (rows: readonly WritableRow[], mappingOf: TargetMappingLookup): readonly string[] =>
  planUnit(rows, { ...LIMITS, isMerged: true, mappingOf }).map(
    ({ kind, writer, rows: { length } }) => `${kind} ${writer.definition.table} ${String(length)}`,
  );

describe('a merged unit', () => {
  it('writes tables by the weight of their mapping, and those of one weight by name', () => {
    const rows = rowsOf(
      ['text', insert(1)],
      ['number', insert(1)],
      ['plain', insert(1)],
      ['text', remove(2)],
      ['number', remove(2)],
      ['plain', remove(2)],
      ['number', update(3, [1, 2])],
      ['plain', update(3, [1, 2])],
    );
    const names = (weights: Readonly<Record<string, number>>) => order(rows, mapped(weights));
    expect(names({})).toEqual([
      ...['delete number 1', 'delete plain 1', 'delete text 1', 'update number 1', 'update plain 1'],
      ...['insert number 1', 'insert plain 1', 'insert text 1'],
    ]);
    expect(names({ number: 10, plain: 9 })).toEqual([
      ...['delete text 1', 'delete plain 1', 'delete number 1', 'update plain 1', 'update number 1'],
      ...['insert text 1', 'insert plain 1', 'insert number 1'],
    ]);
    expect(names({ text: -1, number: 2, plain: 2 })[0]).toBe('delete text 1');
  });

  it('decides about each row of a key by itself where the policy compares', () => {
    const rows = rowsOf(
      ['plain', insert(1)],
      ['plain', insert(2)],
      ['plain', update(1, [null, 1])],
      ['plain', remove(3)],
      ['plain', remove(1)],
    );
    expect(order(rows, mapped({}))).toEqual(['delete plain 1', 'delete plain 1', 'insert plain 1']);
    expect(order(rows, mapped({}, { kind: 'latestWins', column: 'a' }))).toEqual([
      'insert plain 2',
      ...['delete plain 1', 'update plain 1', 'delete plain 1'],
    ]);
  });

  it('keeps the source order where it compares and the target may hold other unique values', () => {
    const rows = rowsOf(['number', insert(4, 7)], ['number', update(3, [6, 9])], ['number', insert(5, 8)]);
    expect(order(rows, mapped({}))).toEqual(['update number 1', 'insert number 2']);
    expect(order(rows, mapped({}, { kind: 'sourceWins' }))).toEqual([
      'insert number 1',
      'update number 1',
      'insert number 1',
    ]);
  });

  it('keeps apart what brings a unique value back: as one row it would not tell that the value was written', () => {
    const back = (table: string) => rowsOf([table, update(1, [1, 2])], [table, update(1, [2, 1])]);
    expect(order(back('number'), mapped({}))).toEqual(['update number 1', 'update number 1']);
    expect(order(back('plain'), mapped({}))).toEqual(['update plain 1']);
  });
});
