import { describe, expect, it } from '@jest/globals';
import { LaneShapes } from '../src/lane-shapes.ts';
import { laneShape } from '../src/plan/lane-shape.ts';
import { planSegments } from '../src/plan/plan-segments.ts';
import { inserted, PLAIN, rowOf, writerFor } from './lane-fixture.ts';

const writer = writerFor(PLAIN);
const rows = Array.from({ length: 40 }, (_, index) => rowOf(writer, inserted([`k${String(index)}`, index], index)));
const KEPT = { isKept: true };
const planned = (shapes: LaneShapes) =>
  planSegments([rows], { lanes: 4, isJoint: false, parallelRowsMin: 1, isStored: (of) => shapes.isStored(of) }).map(
    ({ kind }) => kind,
  );

describe('shapes that the target keeps', () => {
  it('are stored by a joint transaction before the first rows go by lanes, and that only once', () => {
    const shapes = new LaneShapes('p', [], KEPT);
    expect(planned(shapes)).toEqual(['joint']);
    const stored = shapes.storing(rows);
    expect(stored.statements.map(({ sql }) => sql)).toEqual([
      `INSERT INTO \`lutra\`.\`lane_shape\` (pipeline_id, table_schema, table_name, shape) VALUES ('p', 's', 't', '${laneShape(writer)}') ` +
        'ON DUPLICATE KEY UPDATE shape = VALUES(shape)',
    ]);
    // Until the COMMIT is known nothing is.
    expect(planned(shapes)).toEqual(['joint']);
    stored.committed();
    expect(planned(shapes)).toEqual(['lanes']);
    expect(shapes.storing(rows).statements).toEqual([]);
    // What the claim found is another matter: it tells what was done before.
    expect(shapes.isAsClaimed(writer)).toBe(false);
  });

  it('are stored anew when the table has another one, and plans by the old one are stale', () => {
    const before = writerFor({ ...PLAIN, collation: 'utf8mb4_bin' });
    const shapes = new LaneShapes('p', [{ schema: 's', table: 't', shape: laneShape(before) }], KEPT);
    expect([shapes.isStored(before), shapes.isStored(writer)]).toEqual([true, false]);
    const { version } = shapes;
    shapes.storing(rows).committed();
    expect([shapes.isStored(before), shapes.isStored(writer)]).toEqual([false, true]);
    expect(shapes.version).toBeGreaterThan(version);
    expect(shapes.isAsClaimed(before)).toBe(true);
  });

  it('never become more than so many: then all are forgotten, and plans with them', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      schema: 's',
      table: `t${String(index)}`,
      shape: 'x',
    }));
    const shapes = new LaneShapes('p', many, KEPT);
    const stored = shapes.storing(rows);
    expect(stored.statements.map(({ sql }) => sql.slice(0, 6))).toEqual(['DELETE', 'INSERT']);
    const { version } = shapes;
    stored.committed();
    expect(shapes.version).toBeGreaterThan(version);
    expect([shapes.isStored(writer), shapes.storing(rows).statements]).toEqual([true, []]);
  });

  it('are not asked for where nothing is written by lanes', () => {
    const shapes = new LaneShapes('p', [], { isKept: false });
    expect([planned(shapes), shapes.storing(rows).statements]).toEqual([['lanes'], []]);
  });
});
