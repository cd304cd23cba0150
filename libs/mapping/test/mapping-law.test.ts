/**
 * Goal: after any history the target holds exactly the rows that the source's rows stand for, whatever the rules of rows are,
 * and a replay of its end changes nothing.
 * Method: random histories of one table and random rules; the changes that come out are applied one by one to tables in
 * memory, which find rows by their key as load does.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import type { Explode, MappingRules, RowChange, RowImage } from '@lutra/model';
import type { RowFacts } from '../src/compiled-value.ts';
import type { TableMapping } from '../src/table-mapping.ts';
import { FACTS, insert, mappingOf, outcome, remove, update } from './mapping-fixture.ts';
import type { Outcome } from './mapping-fixture.ts';

interface Done {
  readonly change: RowChange;
  readonly facts: RowFacts;
}

/** What somebody does at the source; `id` says to which row, and `next` which key it has afterwards. */
interface Operation {
  readonly kind: 'insert' | 'update' | 'delete' | 'rekey';
  readonly id: number;
  readonly next: number;
  readonly rest: RowImage;
}

const id = fc.integer({ min: 1, max: 4 });
const tag = fc.constantFrom('a', 'b', 'c', 'A', '');
const tags = fc.oneof(
  fc.array(fc.oneof(tag, fc.constantFrom(1, 1.5)), { maxLength: 4 }).map((each) => JSON.stringify(each)),
  fc.constantFrom(null, 'null'),
);
const words = fc.oneof(
  fc.array(tag, { maxLength: 4 }).map((each) => each.join(',')),
  fc.constant(null),
);
const rest = fc.tuple(fc.constantFrom(null, 1, 5, 6, 9), fc.constantFrom('eu', 'us'), tags, words);
const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'update', 'update', 'delete', 'rekey'),
  id,
  next: id,
  rest,
});
const history = fc.array(operation, { maxLength: 25, size: 'max' });

const json: Explode = { column: 'tags', by: { kind: 'json' }, as: 'tag' };
const delimited: Explode = { column: 'words', by: { kind: 'delimiter', separator: ',' }, as: 'words' };
/** Rules, and the columns that are the key at the target. */
const rules: fc.Arbitrary<{ readonly rules: MappingRules; readonly key: readonly string[] }> = fc
  .record({
    filter: fc.constantFrom(
      undefined,
      'amount > 5',
      'amount > 5 && coalesce(before.amount > after.amount, false) in [true, false]',
    ),
    explode: fc.constantFrom(
      { rule: undefined, key: [] },
      { rule: json, key: ['tag'] },
      { rule: { ...json, positionAs: 'n' }, key: ['tag'] },
      { rule: { ...json, positionAs: 'n' }, key: ['n'] },
      { rule: delimited, key: ['words'] },
    ),
    softDelete: fc.constantFrom(undefined, { column: 'gone', deleted: true, present: false }),
    route: fc.constantFrom(undefined, { expression: "'orders_' + region", tables: ['orders_eu', 'orders_us'] }),
    facts: fc.constantFrom(
      [],
      (['gtid', 'operation'] as const).map((fact) => ({ target: fact, from: { kind: 'fact' as const, fact } })),
    ),
  })
  .map(({ filter, explode, softDelete, route, facts }) => ({
    rules: {
      rows: {
        ...(filter === undefined ? {} : { filter }),
        ...(explode.rule === undefined ? {} : { explode: explode.rule }),
        ...(softDelete === undefined ? {} : { softDelete }),
      },
      columns: facts,
      ...(route === undefined ? {} : { route }),
    },
    key: ['id', ...explode.key],
  }));

/** Does what the operations say, as far as the source allows it: changes as they are logged, and the rows in the end with what last changed them. */
function play(operations: readonly Operation[]): { readonly log: readonly Done[]; readonly rows: readonly Done[] } {
  const rows = new Map<number, Done>();
  const log: Done[] = [];
  const write = (change: RowChange): void => {
    const facts = { ...FACTS, gtid: `0-1-${String(log.length)}`, kind: change.kind };
    log.push({ change, facts });
    if (change.kind !== 'insert') rows.delete(Number(change.before[0]));
    if (change.kind !== 'delete') rows.set(Number(change.after[0]), { change: insert(change.after), facts });
  };
  for (const { kind, id: wanted, next, rest: values } of operations) {
    const standing = rows.get(wanted)?.change;
    const before = standing?.kind === 'insert' ? standing.after : null;
    if (before === null) {
      if (kind === 'insert') write(insert([wanted, ...values]));
    } else if (kind === 'update') write(update(before, [wanted, ...values]));
    else if (kind === 'delete') write(remove(before));
    else if (kind === 'rekey' && !rows.has(next)) write(update(before, [next, ...values]));
  }
  return { log, rows: [...rows.values()] };
}

/** The tables at the target, by table and key; rows as load writes them: by key, missing ones put there, found ones overwritten. */
class Target {
  readonly rows = new Map<string, RowImage>();
  private readonly key: readonly number[];

  constructor(
    private readonly mapping: TableMapping,
    key: readonly string[],
  ) {
    const { columns } = must(mapping.targets[0], 'a mapping has a target');
    this.key = key.map((name) => columns.findIndex((column) => column.name === name));
  }

  /** `isFirst`: what is updated or deleted has to stand there, as the before image says. */
  apply({ change, facts }: Done, { isFirst }: { readonly isFirst: boolean }): void {
    for (const mapped of outcome(this.mapping, change, facts)) {
      if (mapped.before !== undefined) this.take(mapped, mapped.before, isFirst);
      if (mapped.after !== undefined) this.put(mapped, mapped.after, isFirst);
    }
  }

  private take({ table }: Outcome, before: RowImage, isFirst: boolean): void {
    const name = this.nameOf(table, before);
    const standing = this.rows.get(name);
    if (isFirst)
      expect(before.map((value, index) => (value === undefined ? undefined : standing?.[index]))).toEqual(before);
    this.rows.delete(name);
  }

  /** An insert overwrites; an update onto the key of another row clashes. */
  private put({ table, kind }: Outcome, after: RowImage, isFirst: boolean): void {
    const name = this.nameOf(table, after);
    if (isFirst && kind === 'update') expect(this.rows.has(name)).toBe(false);
    this.rows.set(name, after);
  }

  private nameOf(table: string, image: RowImage): string {
    return JSON.stringify([table, ...this.key.map((position) => image[position])]);
  }
}

/** What is no more at the source is flagged where deletes are soft. */
function present(target: Target, mapping: TableMapping): ReadonlyMap<string, RowImage> {
  const { columns } = must(mapping.targets[0], 'a mapping has a target');
  const flag = columns.findIndex(({ name }) => name === 'gone');
  return new Map([...target.rows].filter(([, row]) => flag < 0 || row[flag] === 0));
}

const sorted = (rows: ReadonlyMap<string, RowImage>): readonly (readonly [string, RowImage])[] =>
  [...rows].sort(([one], [other]) => (one < other ? -1 : 1));

describe('rules of rows', () => {
  it('leave at the target what the rows of the source stand for, after any history and any replay of its end', () => {
    fc.assert(
      fc.property(history, rules, fc.nat({ max: 25 }), (operations, { rules: given, key }, from) => {
        const mapping = mappingOf(given);
        const { log, rows } = play(operations);
        const target = new Target(mapping, key);
        for (const done of log) target.apply(done, { isFirst: true });
        const wanted = new Target(mapping, key);
        for (const row of rows) wanted.apply(row, { isFirst: true });
        expect(sorted(present(target, mapping))).toEqual(sorted(wanted.rows));
        const held = sorted(target.rows);
        for (const done of log.slice(from)) target.apply(done, { isFirst: false });
        expect(sorted(target.rows)).toEqual(held);
      }),
      { numRuns: 1_000 },
    );
  });
});
