// Goal: the definition chosen for a row is the one that was in force when the row was written, or there is none. Never another.
// Method: a random log of changes, harmless statements and rows of two tables in two MariaDB domains; readers that restart
// anywhere behind what is kept, lose what is kept, jump forward, or see the log end anywhere; the history as select drives
// it, with the proof by looking ahead played on the same log. The model knows the version of every row.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coversDone, parseDone, placeOfTransaction } from '@lutra/model';
import type { DonePlace, TableDefinition, TableHistory } from '@lutra/model';
import { SchemaHistory } from '../src/schema-history.ts';

type Kind = 'mysqlGtid' | 'mariadbGtid' | 'file';
interface Entry {
  readonly gtid: string;
  readonly what: 'row' | 'change' | 'other';
  readonly table: number;
  /** Version of the table behind this entry. */
  readonly version: number;
}

const UUID = 'c0ffee00-0000-0000-0000-000000000001';
const name = (table: number) => ({ schema: 's', table: `t${String(table)}` });
const definitionOf = (table: number, version: number): TableDefinition => ({
  ...name(table),
  columns: [{ name: `v${String(version)}`, kind: 'integer', declared: 'int', nullable: true }],
  primaryKey: [],
});
const emptyPlace = (kind: Kind): DonePlace =>
  kind === 'mysqlGtid'
    ? { kind, gtidSet: '' }
    : kind === 'mariadbGtid'
      ? { kind, gtidList: '' }
      : { kind, serverUuid: UUID, file: 'log.000001', offset: 4 };

function gtidOf(kind: Kind, index: number, domain: number): string {
  if (kind === 'mysqlGtid') return `${UUID}:${String(index + 1)}`;
  return kind === 'mariadbGtid'
    ? `${String(domain)}-1-${String(index + 1)}`
    : `log.000001:${String(100 * (index + 1))}`;
}

/** Place behind the first `count` entries. */
function placeBehind(log: readonly Entry[], count: number, kind: Kind): DonePlace {
  const done = parseDone(emptyPlace(kind));
  for (const { gtid } of log.slice(0, count)) done.add(gtid);
  return done.toDone();
}

const step = fc.record({
  what: fc.constantFrom<Entry['what'][]>('row', 'row', 'change', 'other'),
  table: fc.nat({ max: 1 }),
  domain: fc.nat({ max: 1 }),
});
const run = fc.record({
  /** How far back of what is kept it begins, how far it reads, and how much of the log is there already. */
  back: fc.nat({ max: 4 }),
  jump: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 6 }) }),
  reads: fc.nat({ max: 12 }),
  logged: fc.nat({ max: 40 }),
  keeps: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

describe('schema history', () => {
  it.each<Kind>(['mysqlGtid', 'mariadbGtid', 'file'])('never takes another definition (%s)', (kind) => {
    let chosen = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), fc.array(run, { maxLength: 8 }), (steps, runs) => {
        const versions = [0, 0];
        const log = steps.map(({ what, table, domain }, index): Entry => {
          if (what === 'change') versions[table] = (versions[table] ?? 0) + 1;
          return { gtid: gtidOf(kind, index, domain), what, table, version: versions[table] ?? 0 };
        });
        let kept: { tables: readonly TableHistory[]; mark: DonePlace } = { tables: [], mark: emptyPlace(kind) };
        let reached = 0;
        let grownTo = 0;
        for (const { back, jump, reads, logged, keeps } of runs) {
          const start = Math.min(log.length, Math.max(0, reached - back) + jump);
          const isBelieved = coversDone(kept.mark, placeBehind(log, start, kind));
          const history = new SchemaHistory(isBelieved ? kept.tables : []);
          const end = Math.min(log.length, start + reads);
          const logEnd = Math.max(grownTo, end, Math.min(log.length, start + logged));
          // A log only grows: what a proof has seen once, every later one sees.
          grownTo = logEnd;
          let at = start;
          for (; at < end; at++) {
            const entry = log[at] as Entry;
            const place = placeBehind(log, at + 1, kind);
            if (entry.what === 'change') {
              const changed = name(entry.table).table;
              history.changed(placeOfTransaction(entry.gtid, place), (_, table) => table === changed);
            }
            if (entry.what !== 'row') continue;
            let definition = history.definitionAt(name(entry.table), place);
            if (definition === null) {
              const isChangedAhead = log
                .slice(at + 1, logEnd)
                .some(({ what, table }) => what === 'change' && table === entry.table);
              // The pipeline stops here; a person sets a new position, or the run is over.
              if (isChangedAhead) break;
              const now = log.slice(0, logEnd).findLast(({ table }) => table === entry.table)?.version ?? 0;
              definition = definitionOf(entry.table, now);
              history.learn(name(entry.table), place, definition);
            }
            expect(definition).toEqual(definitionOf(entry.table, entry.version));
            chosen++;
          }
          reached = Math.max(at, start);
          // A crash may come before anything is kept; the histories are written before the mark.
          if (keeps) kept = { tables: history.takeChanged(1), mark: placeBehind(log, reached, kind) };
          else reached = start;
        }
      }),
      { numRuns: 500 },
    );
    expect(chosen).toBeGreaterThan(500);
  });

  it('keeps the last 16 versions of a table', () => {
    const history = new SchemaHistory([]);
    for (let index = 0; index < 40; index++) {
      const gtid = `0-1-${String(index + 1)}`;
      history.changed({ kind: 'mariadbGtid', gtidList: gtid }, () => true);
      history.learn(name(0), { kind: 'mariadbGtid', gtidList: gtid }, definitionOf(0, index));
    }
    const [kept, ...others] = history.takeChanged(3);
    expect(others).toEqual([]);
    expect(kept).toMatchObject({ ...name(0), epoch: 3 });
    expect(kept?.versions).toHaveLength(16);
    expect(kept?.versions.at(-1)?.definition).toEqual(definitionOf(0, 39));
    expect(history.takeChanged(3)).toEqual([]);
  });
});
