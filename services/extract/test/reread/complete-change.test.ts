/**
 * Goal: reading rows again changes nothing of what the target ends up with, whenever each row is read.
 * Method: random histories of a small table; each change is read again at a random moment behind its commit; a model of the
 * target takes them, with replays from random places, and is compared with the source.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must, WRITES_ALL } from '@lutra/model';
import type { ColumnValue, RowChange, RowImage } from '@lutra/model';
import { completed, keyImage, wantedColumns } from '../../src/reread/complete-change.ts';
import type { RereadRule } from '../../src/reread/reread-rule.ts';

const KEY = [0];
const COLUMNS = [0, 1, 2];
type Rows = ReadonlyMap<ColumnValue, readonly ColumnValue[]>;

/** What a source did: its log, and the rows after each of its changes; the first are those before all. */
interface History {
  readonly log: readonly RowChange[];
  readonly states: readonly Rows[];
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('put', 'put', 'change', 'change', 'change', 'move', 'remove'),
    ...{ key: fc.nat({ max: 2 }), to: fc.nat({ max: 2 }), column: fc.constantFrom(1, 2), value: fc.nat({ max: 3 }) },
  }),
  { minLength: 1, maxLength: 25 },
);

function play(wanted: readonly Step[], isMinimal: boolean): History {
  const log: RowChange[] = [];
  const states: Rows[] = [new Map()];
  const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
  for (const { what, key, to, column, value } of wanted) {
    const rows = new Map(must(states.at(-1), 'one is there'));
    const row = rows.get(key);
    if (what === 'put' && row === undefined) {
      rows.set(key, [key, value, to]);
      log.push({ ...place, kind: 'insert', after: [key, value, to] });
    } else if (what === 'remove' && row !== undefined) {
      rows.delete(key);
      log.push({ ...place, kind: 'delete', before: isMinimal ? [key, undefined, undefined] : row });
    } else if (row !== undefined && (what === 'change' || (what === 'move' && !rows.has(to)))) {
      const after = what === 'move' ? row.with(0, to) : row.with(column, value);
      rows.delete(key);
      rows.set(must(after[0], 'a key'), after);
      log.push({ ...place, kind: 'update', ...imagesOf(row, after, isMinimal) });
    } else continue;
    states.push(rows);
  }
  return { log, states };
}

interface Step {
  readonly what: string;
  readonly key: number;
  readonly to: number;
  readonly column: number;
  readonly value: number;
}

const imagesOf = (
  row: readonly ColumnValue[],
  after: readonly ColumnValue[],
  isMinimal: boolean,
): { readonly before: RowImage; readonly after: RowImage } =>
  isMinimal
    ? {
        before: [must(row[0], 'a key'), undefined, undefined],
        after: after.map((value, at) => (value === row[at] ? undefined : value)),
      }
    : { before: row, after };

/** A target that is written to under policy overwrite, as load does it. */
class Target {
  private readonly rows = new Map<ColumnValue, ColumnValue[]>();

  get sorted(): readonly (readonly ColumnValue[])[] {
    return [...this.rows.values()].toSorted((one, other) => Number(one[0]) - Number(other[0]));
  }

  write(change: RowChange): void {
    const key = must(keyImage(change)[0], 'the image holds the key');
    if (change.kind === 'insert') this.rows.set(key, change.after as ColumnValue[]);
    else if (change.kind === 'delete') this.rows.delete(must(change.before[0], 'a key'));
    else {
      const { before, after, flags } = change;
      const standing = this.rows.get(must(before[0], 'a key'));
      if (standing === undefined && after.includes(undefined))
        throw new Error('An update of a missing row is not whole');
      this.rows.delete(must(before[0], 'a key'));
      const isWritten = (at: number): boolean =>
        after[at] !== undefined && ((flags & WRITES_ALL) !== 0 || before[at] === undefined || before[at] !== after[at]);
      const row = (standing ?? (after as ColumnValue[])).map((value, at) => (isWritten(at) ? after[at] : value));
      this.rows.set(key, row as ColumnValue[]);
    }
  }
}

const rule = (given: Partial<RereadRule>): RereadRule => ({
  ...{ isMedia: false, skipNoRow: false, needed: [], groups: [], columns: COLUMNS },
  ...given,
});

/** Of one change, read again in the given state of the source. */
function reread(how: RereadRule, change: RowChange, rows: Rows, tied: readonly number[]): RowChange | null {
  const columns = wantedColumns(how, change, KEY);
  if (columns === null) return change;
  const row = rows.get(must(keyImage(change)[0], 'a key'));
  const image = row?.map((value, at) => (columns.includes(at) ? value : undefined)) ?? null;
  return completed(how, change, { current: { image, tied: new Set(tied) }, key: KEY });
}

/** Others depend on the column, and the change does without it: it is as in the log. */
const isFilled = ({ skipNoRow, needed, groups }: RereadRule, position: number): boolean =>
  skipNoRow || [...needed, ...groups.flat()].includes(position);

const RULES: readonly (readonly [string, RereadRule, boolean])[] = [
  ['media', rule({ isMedia: true }), false],
  ['media that leaves out what is gone', rule({ isMedia: true, skipNoRow: true }), false],
  ['needed columns of partial images', rule({ needed: [1], columns: [1] }), true],
  ['needed columns, leaving out what is gone', rule({ needed: [1, 2], skipNoRow: true }), true],
  ['media, of partial images', rule({ isMedia: true }), true],
  ['column groups', rule({ groups: [[1, 2]], columns: [1, 2] }), true],
  ['media over partial images', rule({ isMedia: true, skipNoRow: true }), true],
];

describe.each(RULES)('rows that are read again for %s', (_what, how, isMinimal) => {
  it('end at the target as at the source, whenever they were read', () => {
    const moments = fc.array(fc.nat({ max: 25 }), { minLength: 40, maxLength: 40 });
    const tied = fc.subarray([0, 1, 2]);
    fc.assert(
      fc.property(steps, moments, tied, (wanted, delays, own) => {
        const { log, states } = play(wanted, isMinimal);
        const target = new Target();
        const touched: number[] = [];
        for (const [index, change] of log.entries()) {
          const moment = Math.min(states.length - 1, index + 1 + (delays[index] ?? 0));
          const written = reread(how, change, must(states[moment], 'inside'), own);
          if (written !== null) target.write(written);
          if (written !== null && written.kind !== 'delete' && change.kind !== 'delete')
            for (const position of own)
              if (written.after[position] !== change.after[position] && !isFilled(how, position))
                touched.push(position);
        }
        expect(touched).toEqual([]);
        const last = [...must(states.at(-1), 'one is there').values()];
        expect(target.sorted).toEqual(last.toSorted((one, other) => Number(one[0]) - Number(other[0])));
      }),
      { numRuns: 2_000 },
    );
  });

  it('end so after replays too, where keys stay', () => {
    const moments = fc.array(fc.nat({ max: 25 }), { minLength: 80, maxLength: 80 });
    const still = steps.map((all) => all.filter(({ what }) => what !== 'move'));
    fc.assert(
      fc.property(still, moments, fc.nat(), fc.nat(), (wanted, delays, reached, back) => {
        const { log, states } = play(wanted, isMinimal);
        const end = reached % (log.length + 1);
        const begin = end === 0 ? 0 : back % end;
        const order = [...log.keys()];
        const target = new Target();
        for (const [turn, index] of [...order.slice(0, end), ...order.slice(begin)].entries()) {
          const moment = Math.min(states.length - 1, index + 1 + (delays[turn] ?? 0));
          const change = must(log[index], 'inside');
          const written = reread(how, change, must(states[moment], 'inside'), [0]);
          if (written !== null && !isPartOfNothing(written, target)) target.write(written);
        }
        const last = [...must(states.at(-1), 'one is there').values()];
        expect(target.sorted).toEqual(last.toSorted((one, other) => Number(one[0]) - Number(other[0])));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** In a replay of partial images a row may be gone already: load records that, and a later change says so again. */
const isPartOfNothing = (change: RowChange, { sorted }: Target): boolean =>
  change.kind === 'update' && change.after.includes(undefined) && !sorted.some(([key]) => key === change.before[0]);

describe('the image of a row that is read again', () => {
  const update: RowChange = {
    ...{ kind: 'update', table: 0, event: 1, row: 2, part: 0, flags: 1 },
    ...{ before: [1, 'a', 'b'], after: [1, 'c', undefined] },
  };

  it('keeps the image before the change, and of tied columns what the log has', () => {
    const current = { image: [1, 'x', 'y'], tied: new Set([0, 1]) };
    expect(completed(rule({ isMedia: true }), update, { current, key: KEY })).toEqual({
      ...update,
      after: [1, 'c', 'y'],
    });
  });

  it('is not asked for where a group has not changed, or is whole', () => {
    const how = rule({ groups: [[1, 2]] });
    expect(wantedColumns(how, update, KEY)).toEqual(COLUMNS);
    expect(wantedColumns(how, { ...update, after: [1, 'a', undefined] }, KEY)).toBeNull();
    expect(wantedColumns(how, { ...update, after: [1, 'c', 'd'] }, KEY)).toBeNull();
    expect(wantedColumns(rule({ isMedia: true }), { ...update, kind: 'delete' }, KEY)).toBeNull();
  });
});
