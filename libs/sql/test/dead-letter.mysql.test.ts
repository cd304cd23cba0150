/**
 * Goal: dead letters and conflicts keep rows without loss, in source order, and change state as a person and load say.
 * Method: rows put and read through the functions on real servers, by one session that commits.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RowChange, TableDefinition } from '@lutra/model';
import {
  addConflictStatements,
  addDeadLetterStatements,
  countConflicts,
  countDeadLetters,
  deadLetterId,
  ensureConflictTable,
  ensureDeadLetterTable,
  followStatement,
  listConflicts,
  listDeadLetters,
  readConflict,
  readDeadLetter,
  readDeadLetters,
  readUnsettled,
  removeConflictsStatement,
  removeSettledStatement,
  resolveStatement,
  retryFailedStatement,
  wantManyStatement,
  wantStatement,
} from '@lutra/sql';
import type { NewDeadLetter, TargetStatement } from '@lutra/sql';
import { column, TARGETS, tableOf, TargetFixture } from './target-fixture.ts';

const definition: TableDefinition = tableOf(
  "sho'p",
  [
    column('id', 'integer', 'bigint', { bytes: 8 }),
    column('name', 'text', 'varchar(64)'),
    column('data', 'binary', 'blob'),
  ],
  { table: 'örders' },
);

function letter(seq: number, change: Partial<NewDeadLetter> = {}): NewDeadLetter {
  return {
    epoch: 3,
    process: 7,
    serverUuid: 'a',
    seq,
    gtid: `0-1-${String(seq)}`,
    revision: 2,
    definition,
    change: insertOf(0),
    error: { code: 'TARGET_ROW_REFUSED', message: "The target's \\ rules refuse it", errno: 1062 },
    statement: 'INSERT INTO `t` VALUES (?)',
    attempts: 3,
    follows: null,
    ...change,
  };
}

const insertOf = (row: number): RowChange => ({
  ...{ table: 4, event: 1, row, part: 0, flags: 1 },
  kind: 'insert',
  after: [9_007_199_254_740_993n, "O'Hara\\ \ud83d\ude00 \0", Uint8Array.of(0, 255)],
});
const updateOf: RowChange = {
  ...{ table: 0, event: 2, row: 0, part: 0, flags: 0 },
  kind: 'update',
  before: [1n, undefined, undefined],
  after: [undefined, null, undefined],
};

describe.each(TARGETS)('dead letters on %s', (_name, server) => {
  let target: TargetFixture;
  const run = async (...statements: readonly TargetStatement[]): Promise<readonly number[]> => {
    const found = await target.session.execute(statements);
    await target.session.commit();
    return found;
  };
  const add = (...letters: readonly NewDeadLetter[]): Promise<readonly number[]> =>
    run(...addDeadLetterStatements(target.pipelineId, letters));
  const at = (id: string) => ({ pipelineId: target.pipelineId, id });
  const filter = (): { readonly pipelineIds: readonly string[] } => ({ pipelineIds: [target.pipelineId] });

  beforeEach(async () => {
    target = await TargetFixture.open(server);
    await ensureDeadLetterTable(target.session);
    await ensureConflictTable(target.session);
  });
  afterEach(async () => {
    for (const table of ['dead_letter', 'conflict'])
      await run({ sql: `DELETE FROM lutra.${table} WHERE pipeline_id = '${target.pipelineId}'` });
    await target.close();
  });

  it('give back what was put, to the last bit', async () => {
    const put = letter(5, { change: updateOf, statement: null, follows: '3-4-1-0-0' });
    expect(await add(letter(4), put)).toEqual([2]);
    const [first, second] = await readDeadLetters(target.session, target.pipelineId, {
      ...{ states: ['open'], after: null, limit: 10 },
    });
    const kept = { state: 'open', pipelineId: target.pipelineId, wantedImage: null, resolvedAt: null, wantedBy: null };
    const whole = { ...insertOf(0), table: 0 };
    expect(first).toMatchObject({ ...letter(4), ...kept, id: deadLetterId(letter(4)), change: whole });
    expect(second).toMatchObject({ ...put, ...kept, id: deadLetterId(put) });
    expect(first?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it('stand in source order whatever the order of their writing, page by page', async () => {
    const letters = [letter(10, { epoch: 2 }), letter(9), letter(10, { change: insertOf(1) }), letter(100)];
    const ids = letters.map(deadLetterId);
    for (const one of letters.toReversed()) await add(one);
    const first = await readUnsettled(target.session, target.pipelineId, { after: null, limit: 3 });
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(first[0]?.imageBytes).toBeGreaterThan(20);
    const rest = await readUnsettled(target.session, target.pipelineId, { after: ids[2] ?? null, limit: 3 });
    expect(rest).toMatchObject([...[{ id: ids[3], state: 'open', follows: null, schema: "sho'p", table: 'örders' }]]);
    await add(letter(4, { definition: { ...definition, table: 'other' } }));
    const page = { after: ids[0] ?? null, limit: 1, table: definition };
    expect(await readUnsettled(target.session, target.pipelineId, page)).toMatchObject([{ id: ids[1] }]);
  });

  it('go with the transaction of their unit', async () => {
    await target.session.execute(addDeadLetterStatements(target.pipelineId, [letter(1)]));
    await target.session.rollback();
    expect(await countDeadLetters(target.session, filter())).toBe(0);
  });

  it('become many statements when they are many', async () => {
    const large = letter(1, { statement: 'x'.repeat(200_000) });
    const statements = addDeadLetterStatements(target.pipelineId, [large, { ...large, seq: 2 }, letter(3)]);
    expect(statements).toHaveLength(2);
    expect(await run(...statements)).toEqual([1, 2]);
  });

  it("a person's decision is carried out once, and not when he has changed his mind", async () => {
    await add(letter(1));
    const id = deadLetterId(letter(1));
    const image = { id: { integer: '12' }, name: 'edited', data: null };
    expect(await run(wantStatement(at(id), { state: 'retryWanted', by: "ann's", image }))).toEqual([1]);
    const wanted = await readDeadLetter(target.session, at(id), { lock: true });
    await target.session.rollback();
    expect(wanted).toMatchObject({ state: 'retryWanted', wantedBy: "ann's", wantedImage: [12n, 'edited', null] });
    expect(await run(retryFailedStatement(at(id), { code: 'TARGET_BUSY', message: "it's", errno: null }))).toEqual([1]);
    expect(await readDeadLetter(target.session, at(id), { lock: false })).toMatchObject({
      ...{ state: 'open', attempts: 4, lastError: "TARGET_BUSY: it's" },
    });
    await run(wantStatement(at(id), { state: 'discardWanted', by: 'ann', image: null }));
    expect(await run(resolveStatement(at(id), { expected: 'retryWanted', to: 'retried' }))).toEqual([0]);
    expect(await run(resolveStatement(at(id), { expected: 'discardWanted', to: 'discarded' }))).toEqual([1]);
    expect(await run(wantStatement(at(id), { state: 'retryWanted', by: 'ann', image: null }))).toEqual([0]);
    expect(await readUnsettled(target.session, target.pipelineId, { after: null, limit: 9 })).toEqual([]);
  });

  it('are listed, counted and decided by what a person asks for', async () => {
    const head = deadLetterId(letter(1));
    await add(letter(1), letter(2, { follows: head }), letter(3, { definition: { ...definition, table: 'other' } }));
    const of = { ...filter(), schema: "sho'p", table: 'örders', from: new Date(Date.now() - 600_000) };
    expect(await countDeadLetters(target.session, of)).toBe(2);
    expect(await countDeadLetters(target.session, { ...of, to: of.from })).toBe(0);
    expect(await countDeadLetters(target.session, { pipelineIds: [] })).toBe(0);
    const [newest] = await listDeadLetters(target.session, filter(), { offset: 0, limit: 1, order: 'newestFirst' });
    expect(newest).toMatchObject({ id: '3-3-1-0-0', table: 'other', kind: 'insert', error: { errno: 1062 } });
    const want = { state: 'retryWanted', by: 'ann', limit: 10 } as const;
    expect(await run(wantManyStatement(of, want))).toEqual([1]);
    expect(await countDeadLetters(target.session, { ...of, states: ['open'] })).toBe(1);
    await run(followStatement({ pipelineId: target.pipelineId, ids: ['3-2-1-0-0'] }, null));
    expect(await run(wantManyStatement(filter(), { ...want, state: 'discardWanted' }))).toEqual([2]);
    await run(resolveStatement(at(head), { expected: 'retryWanted', to: 'retried' }));
    const resolvedBefore = new Date(Date.now() + 600_000);
    expect(await run(removeSettledStatement(filter(), { resolvedBefore, limit: 10 }))).toEqual([1]);
    expect(await countDeadLetters(target.session, filter())).toBe(2);
  });

  it('conflicts are kept with their images, without what is too large', async () => {
    const conflict = { epoch: 3, process: 7, gtid: 'g', definition, keyColumns: ['ID'] } as const;
    const big: RowChange = { ...updateOf, before: [5n, 'b', Uint8Array.of(1)], after: [5n, 'x'.repeat(20_000), null] };
    const found = [5n, 'c', null];
    await run(
      ...addConflictStatements(target.pipelineId, [
        { ...conflict, change: big, type: 'row-differs', decision: 'kept', found },
        { ...conflict, change: insertOf(0), type: 'unique-clash', decision: 'ignored', found: null },
      ]),
    );
    expect(await countConflicts(target.session, { ...filter(), type: 'row-differs' })).toBe(1);
    const [first, second] = await listConflicts(target.session, filter(), {
      ...{ offset: 0, limit: 9, order: 'oldestFirst' },
    });
    expect(first).toMatchObject({
      ...{ type: 'row-differs', decision: 'kept', schema: "sho'p", table: 'örders', gtid: 'g', event: 2 },
      key: { id: { integer: '5' } },
      before: { id: { integer: '5' }, name: 'b', data: { bytes: 'AQ==' } },
      after: { name: { length: 20_000 }, data: null },
      found: { id: { integer: '5' }, name: 'c', data: null },
    });
    expect(second).toMatchObject({ before: null, found: null, key: { id: { integer: '9007199254740993' } } });
    expect(await readConflict(target.session, at(first?.id ?? ''))).toEqual(first);
    expect(await readConflict(target.session, { pipelineId: 'another', id: first?.id ?? '' })).toBeNull();
    expect(await run(removeConflictsStatement(filter(), 1))).toEqual([1]);
    expect(await countConflicts(target.session, filter())).toBe(1);
  });
});
