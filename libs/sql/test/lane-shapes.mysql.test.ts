/**
 * Goal: shapes of tables are kept for each pipeline by itself, exactly by name, and without their table there are none.
 * Method: stored and read through the functions on real servers.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureLaneShapeTable, readLaneShapes, storeLaneShapes } from '@lutra/sql';
import type { LaneShape } from '@lutra/sql';
import { TargetFixture, TARGETS } from './target-fixture.ts';

describe.each(TARGETS)('lane shapes at %s', (_name, server) => {
  let target: TargetFixture;

  beforeEach(async () => {
    target = await TargetFixture.open(server);
    await ensureLaneShapeTable(target.session);
  });
  afterEach(async () => {
    await target.session.query(`DELETE FROM lutra.lane_shape WHERE pipeline_id = '${target.pipelineId}'`);
    await target.session.commit();
    await target.close();
  });

  const store = async (shapes: readonly LaneShape[], isAnew = false): Promise<void> => {
    await target.session.execute(storeLaneShapes(target.pipelineId, shapes, { isAnew }));
    await target.session.commit();
  };
  const read = async (): Promise<ReadonlyMap<string, string>> =>
    new Map(
      (await readLaneShapes(target.session, target.pipelineId)).map(({ schema, table, shape }) => [
        `${schema}.${table}`,
        shape,
      ]),
    );

  it('are kept by exact name, replaced, and forgotten together', async () => {
    expect(await read()).toEqual(new Map());
    await store([
      { schema: "sho'p", table: 'örders', shape: 'one' },
      { schema: "sho'p", table: 'Orders', shape: 'two' },
      { schema: "sho'p", table: 'orders', shape: 'three' },
    ]);
    await store([{ schema: "sho'p", table: 'Orders', shape: 'four' }]);
    expect(await read()).toEqual(
      new Map([
        ["sho'p.örders", 'one'],
        ["sho'p.Orders", 'four'],
        ["sho'p.orders", 'three'],
      ]),
    );
    expect(await readLaneShapes(target.session, `${target.pipelineId}-`)).toEqual([]);
    await store([{ schema: 's', table: 't', shape: 'five' }], true);
    expect(await read()).toEqual(new Map([['s.t', 'five']]));
  });

  it('are stored in any number', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => ({ schema: 's', table: `t${String(index)}`, shape: 'x' }));
    await store(many);
    expect((await read()).size).toBe(2_500);
  });

  it('are gone with the transaction that was to hold them', async () => {
    await target.session.execute(
      storeLaneShapes(target.pipelineId, [{ schema: 's', table: 't', shape: 'x' }], { isAnew: false }),
    );
    await target.session.rollback();
    expect(await read()).toEqual(new Map());
  });
});
