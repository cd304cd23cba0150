/** Goal: each policy decides each conflict as its words say, and what agrees is no conflict. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { REPAIRS } from '@lutra/model';
import type { ColumnDefinition, RowChange, RowImage } from '@lutra/model';
import { compileTableWriter } from '@lutra/sql';
import type { TargetTable } from '@lutra/sql';
import { plannedAlone } from '../../src/plan/plan-statements.ts';
import { decideConflict } from '../../src/write/decide-conflict.ts';
import type { ComparingPolicy } from '../../src/write/decide-conflict.ts';
import { undecided } from '../../src/write/refusal-errors.ts';

const COLUMNS = ['id', 'stock', 'note', 'changed'];
const definitions = COLUMNS.map((name): ColumnDefinition =>
  name === 'note'
    ? { name, kind: 'text', declared: 'varchar(9)', nullable: true }
    : { name, kind: 'integer', declared: 'int', nullable: true, bytes: 4 },
);
type TargetColumn = NonNullable<ReturnType<TargetTable['columns']['get']>>;
const targetColumn = (name: string): [string, TargetColumn] => [
  name,
  {
    ...{ name, dataType: name === 'note' ? 'varchar' : 'int', columnType: '', nullable: true, generated: false },
    ...{ charset: null, collation: null, paddedBytes: null, needsValue: false },
  },
];
const primary = { name: 'PRIMARY', columns: ['id'], isExact: true, isNotNull: true };
const facts = { triggers: [], engine: 'InnoDB', rowEstimate: null, statement: '' };
const writerOf = (columns: readonly ColumnDefinition[]) =>
  compileTableWriter(
    { schema: 's', table: 't', columns, primaryKey: [0] },
    {
      schema: 's',
      table: 't',
      columns: new Map(COLUMNS.map(targetColumn)),
      key: primary,
      uniqueKeys: [primary],
      indexed: new Set(),
      ...facts,
    },
  );
const writer = writerOf(definitions);
const at = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
const update = (before: RowImage, after: RowImage): RowChange => ({ ...at, kind: 'update', before, after });
const insert = (after: RowImage): RowChange => ({ ...at, kind: 'insert', after });
const remove = (before: RowImage): RowChange => ({ ...at, kind: 'delete', before });
const decide = (change: RowChange, found: RowImage | null, policy: ComparingPolicy) =>
  decideConflict({ writer, change }, found, policy);

const BEFORE: RowImage = [1, 10, 'old', 5];
const AFTER: RowImage = [1, 12, 'new', 7];
const OTHER: RowImage = [1, 30, 'other', 6];
const LATEST: ComparingPolicy = { kind: 'latestWins', column: 'Changed' };
const MERGE: ComparingPolicy = { kind: 'merge', columns: ['note'], deltaColumns: ['stock'] };
const ALL: readonly ComparingPolicy[] = [
  ...(['ignore', 'sourceWins', 'targetWins', 'manual'] as const).map((kind) => ({ kind })),
  ...[LATEST, MERGE],
];

/** What the target holds after the change that was decided on. */
function result(found: RowImage | null, verdict: ReturnType<typeof decide>): RowImage | null | 'person' {
  if (verdict.kind === 'undecided') return 'person';
  const { change } = verdict;
  if (change === null) return found;
  if (change.kind === 'delete') return null;
  return change.after.map((value, position) => (value === undefined ? (found?.[position] ?? null) : value));
}

describe('a row that is sent once more', () => {
  const repair: RowChange = { ...update(AFTER, AFTER), flags: REPAIRS };
  const gone: RowChange = { ...remove([1]), flags: REPAIRS };

  it.each(ALL.filter(({ kind }) => kind !== 'merge'))('is written, whatever the target holds: $kind', (policy) => {
    expect(result(OTHER, decide(repair, OTHER, policy))).toEqual(AFTER);
    expect(result(null, decide(repair, null, policy))).toEqual(AFTER);
    expect(result(OTHER, decide(gone, OTHER, policy))).toBeNull();
    expect(result(null, decide(gone, null, policy))).toBeNull();
  });

  it('leaves what merge leaves, amounts included', () => {
    expect(result(OTHER, decide(repair, OTHER, MERGE))).toEqual([1, 30, 'new', 6]);
    expect(result(null, decide(repair, null, MERGE))).toEqual(AFTER);
  });
});

type Case = [string, RowChange, RowImage | null, ComparingPolicy, string | null, RowImage | null | 'person'];

describe('a conflict', () => {
  it.each<Case>([
    ['ignored', update(BEFORE, AFTER), OTHER, { kind: 'ignore' }, 'ignored', OTHER],
    ['the source wins', update(BEFORE, AFTER), OTHER, { kind: 'sourceWins' }, 'overwritten', AFTER],
    ['the target wins', update(BEFORE, AFTER), OTHER, { kind: 'targetWins' }, 'kept', OTHER],
    ['a person', update(BEFORE, AFTER), OTHER, { kind: 'manual' }, null, 'person'],
    ['the newer source', update(BEFORE, AFTER), OTHER, LATEST, 'overwritten', AFTER],
    ['the newer target', update(BEFORE, AFTER), [1, 30, 'other', 8], LATEST, 'kept', [1, 30, 'other', 8]],
    ['as new as the target: the source', update(BEFORE, AFTER), [1, 30, 'o', 7], LATEST, 'overwritten', AFTER],
    ['a source without the column', update([1, 1], [1, 2]), OTHER, LATEST, null, 'person'],
    ['an unchanged deciding column', update(BEFORE, [1, 12]), [1, 30, 'o', 6], LATEST, 'kept', [1, 30, 'o', 6]],
    ['an older delete', remove(BEFORE), OTHER, LATEST, 'kept', OTHER],
    ['a newer delete', remove([1, 10, 'old', 9]), OTHER, LATEST, 'overwritten', null],
    ['merged', update(BEFORE, AFTER), OTHER, MERGE, 'merged', [1, 32, 'new', 6]],
    ['merged with an insert', insert(AFTER), OTHER, MERGE, 'merged', [1, 42, 'new', 6]],
    ['an amount that moved from what is not told', update([1], [1, 12]), BEFORE, MERGE, null, 'person'],
    [
      'newer than the target, in part',
      update([1], [1, 12, undefined, 7]),
      OTHER,
      LATEST,
      'overwritten',
      [1, 12, 'other', 7],
    ],
    ['older than the target, in part', update([1], [1, 12, undefined, 5]), OTHER, LATEST, 'kept', OTHER],
    ...(['ignore', 'sourceWins', 'targetWins', 'manual'] as const).flatMap((kind): Case[] => [
      [`nobody can see (${kind})`, update([1], [1, 12]), OTHER, { kind }, null, 'person'],
      [`nobody can see, of a delete (${kind})`, remove([1]), OTHER, { kind }, null, 'person'],
      [`none that is left to write (${kind})`, update([1], [1, 30]), OTHER, { kind }, null, OTHER],
    ]),
    ['nobody can see, merged', update([1], [1, undefined, 'new']), OTHER, MERGE, null, 'person'],
    ['nobody can see, of a delete, the latest', remove([1]), OTHER, LATEST, null, 'person'],
    ['seen in what the image holds', update([1, 10], [1, 12]), OTHER, { kind: 'targetWins' }, 'kept', OTHER],
    ['an insert of another row', insert(AFTER), OTHER, { kind: 'targetWins' }, 'kept', OTHER],
    ['an insert that wins', insert(AFTER), OTHER, { kind: 'sourceWins' }, 'overwritten', AFTER],
    ['a missing row, whole', update(BEFORE, AFTER), null, { kind: 'sourceWins' }, 'inserted', AFTER],
    ['a missing row, merged', update(BEFORE, AFTER), null, MERGE, 'inserted', AFTER],
    ['a missing row, in part', update([1, 10], [1, 12]), null, { kind: 'sourceWins' }, null, 'person'],
    ['a missing row, the target wins', update(BEFORE, AFTER), null, { kind: 'targetWins' }, 'kept', null],
    ['a missing row, for a person', update(BEFORE, AFTER), null, { kind: 'manual' }, null, 'person'],
    ['a delete of nothing', remove(BEFORE), null, { kind: 'manual' }, 'ignored', null],
    ['a delete that wins', remove(BEFORE), OTHER, { kind: 'sourceWins' }, 'overwritten', null],
    ['a delete of a changed row, kept', remove(BEFORE), OTHER, { kind: 'targetWins' }, 'kept', OTHER],
  ])('%s', (_what, change, found, policy, decision, after) => {
    const verdict = decide(change, found, policy);
    expect(verdict.kind === 'decided' ? verdict.decision : null).toBe(decision);
    expect(result(found, verdict)).toEqual(after);
  });

  it('names the amounts that the image does not tell, and how a person settles it', () => {
    const change = update([1], [1, 12]);
    const verdict = decide(change, OTHER, MERGE);
    expect(verdict).toEqual({ kind: 'undecided', type: 'row-differs', why: 'amount', columns: ['stock'] });
    if (verdict.kind !== 'undecided') return;
    const row = plannedAlone({ writer, change, origin: {} as never });
    expect(undecided(row, verdict).message).toMatch(/PATCH.* with what stock is to be at the target, or discard/);
  });

  it('is none where the target is as the source says, under every policy', () => {
    const value = fc.integer({ min: -5, max: 5 });
    const image = fc.tuple(fc.constant(1), value, fc.constantFrom('a', 'b', null), value);
    fc.assert(
      fc.property(image, image, fc.constantFrom(...ALL), (before, after, policy) => {
        for (const [change, found, expected] of [
          [insert(after), null, after],
          [update(before, after), before, after],
          [remove(before), before, null],
        ] as const) {
          const verdict = decide(change, found, policy);
          expect(verdict.kind).toBe('agreed');
          expect(result(found, verdict)).toEqual(expected);
        }
        // A partial image says nothing of the other columns, on which both sides may differ.
        for (const change of [update([1, before[1]], [1, (before[1] ?? 0) + 1]), remove([1]), insert([1])]) {
          const verdict = decide(change, before, policy);
          expect([verdict.kind, result(before, verdict)]).toEqual(['undecided', 'person']);
        }
        // Both sides have done the same: nothing to decide, except for what is added up.
        if (policy.kind !== 'merge') expect(decide(update(before, after), after, policy).kind).toBe('agreed');
      }),
      { numRuns: 1_000 },
    );
  });

  it('is none where the target holds what an earlier change told of itself', () => {
    const ofChange = writerOf(definitions.map((one) => (one.name === 'changed' ? { ...one, ofChange: true } : one)));
    const before = BEFORE.with(3, undefined);
    for (const policy of ALL.filter(({ kind }) => kind !== 'latestWins'))
      for (const change of [update(before, AFTER), remove(before)])
        expect(decideConflict({ writer: ofChange, change }, BEFORE, policy)).toEqual({ kind: 'agreed', change });
  });

  it('is none where the target has the row already, and what the change tells of itself is written', () => {
    const ofChange = writerOf(definitions.map((one) => (one.name === 'changed' ? { ...one, ofChange: true } : one)));
    const found = AFTER.with(3, 6);
    for (const policy of ALL.filter(({ kind }) => kind !== 'merge'))
      for (const change of [update(BEFORE.with(3, undefined), AFTER), insert(AFTER)]) {
        const verdict = decideConflict({ writer: ofChange, change }, found, policy);
        expect(verdict).toMatchObject({ kind: 'agreed', change: { kind: 'update', before: found, after: AFTER } });
        expect(result(found, verdict)).toEqual(AFTER);
        expect(decideConflict({ writer: ofChange, change }, AFTER, policy)).toEqual({ kind: 'agreed', change: null });
      }
  });

  it('adds up what both sides have added, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 10 }), fc.integer(), (deltas, elsewhere) => {
        let source: RowImage = [1, 0, 'n', 0];
        let target: RowImage = [1, elsewhere, 'n', 0];
        for (const delta of deltas) {
          const after: RowImage = [1, Number(source[1]) + delta, 'n', 0];
          target = result(target, decide(update(source, after), target, MERGE)) as RowImage;
          source = after;
        }
        expect(target[1]).toBe(deltas.reduce((sum, delta) => sum + delta, elsewhere));
      }),
      { numRuns: 1_000 },
    );
  });
});
