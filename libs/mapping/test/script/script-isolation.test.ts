import fc from 'fast-check';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, RowImage } from '@lutra/model';
import type { RowFacts } from '../../src/compiled-value.ts';
import { ScriptRunner } from '../../src/script/script-runner.ts';

// Goal: a script cannot observe earlier rows.
// Method: a script that, for each row, looks for traces in every place that it can reach, leaves one in a way that the row says,
// and tells both. Rows in any company give what they give alone in a sandbox of their own.

const LEAVE = [
  'globalThis.trace = 1',
  'trace = 1',
  'counter += 1',
  'kept.push(1); keptMap.set({}, 1)',
  'Object.prototype.trace = 1',
  'Array.prototype.push = () => { throw 1 }',
  "Array.prototype[0] = 'trace'",
  "Object.defineProperty(Object.prototype, 'name', { get: () => 'trace' })",
  'Function.prototype.trace = 1',
  '(function* () {}).constructor.prototype.trace = 1',
  'Object.getPrototypeOf(function* () {}.prototype).trace = 1',
  'Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)).trace = 1',
  'Object.getPrototypeOf(async () => {}).trace = 1',
  "Object.getPrototypeOf(''[Symbol.iterator]()).next = () => ({ done: true })",
  'Object.getPrototypeOf([].values()).trace = 1',
  'Object.getPrototypeOf(new Map().keys()).trace = 1',
  "Object.getPrototypeOf('a'.matchAll(/a/g)).trace = 1",
  'Object.getPrototypeOf([].values().map((x) => x)).trace = 1',
  'Object.getPrototypeOf(Iterator.from({ next() {} })).trace = 1',
  'Object.getPrototypeOf(Int8Array).trace = 1; Object.getPrototypeOf(Int8Array.prototype).trace = 1',
  'Object.getPrototypeOf((async () => {})()).constructor.trace = 1',
  'Date.prototype.getTime = () => 1; Date.now = () => 1',
  'new Date().constructor.trace = 1',
  'Math.random = () => 1',
  'Math.random(); Math.random()',
  'context.trace = 1; context.gtid = 1',
  "console.log = () => {}; console.trace = 'x'",
  "console.log('said')",
  'RegExp.prototype.exec = () => null',
  "pattern.lastIndex = 7; pattern.exec('aaaaaaaaaaaa')",
  "/(t)(r)/.exec('tr')",
  'tagged().trace = 1',
  "template.add(tagged()); Symbol.for('trace').description",
  "Symbol.prototype.trace = 1; Symbol.for('trace')",
  'Error.stackTraceLimit = 0; Error.prepareStackTrace = () => 1',
  'Reflect.setPrototypeOf(Array.prototype, { trace: 1 })',
  'Reflect.setPrototypeOf(globalThis, { trace: 1 })',
  'transform.trace = 1; look.trace = 1; transform = null',
  '(class { static trace = (counter += 1) })',
  'arguments.callee.trace = 1',
  '(async () => { await null; kept.push(1); })()',
  'Promise.resolve().then(() => { globalThis.trace = 1 })',
  "import('trace')",
  'JSON.parse = () => 1; JSON.rawJSON = 1',
  'new Proxy(row, { get: () => 1 }).trace',
  'delete globalThis.Map; delete Array.prototype.map',
  "throw new Error('trace')",
  'row.trace = 1; return row',
  "return [row, { name: 'two' }]",
  'return null',
];

/** A row that is refused is one of the ways. */
const guarded = (code: string): string =>
  code.startsWith('throw') ? `${code};` : `try { ${code} } catch (error) { row.name = String(error); }`;

const SOURCE = `
let counter = 0;
const kept = [], keptMap = new WeakMap(), template = new WeakSet(), pattern = /a/g;
const tagged = () => ((strings) => strings)\`a\${1}b\`;
function look(context) {
  const seen = [typeof trace, counter, kept.length, template.has(tagged()), pattern.lastIndex, typeof tagged().trace,
    Math.random(), Date.now(), new Date().getTime(), Object.keys(globalThis).length, Reflect.ownKeys(globalThis).length,
    Object.keys(context).join(), context.gtid, typeof transform, new Error('x').stack.split('\\n').length,
    [3, 1, 2].map((x) => x + 1).join(), [...'ab', ...new Map([[1, 2]]).keys()].join(), /a/.test('a'), JSON.parse('[1]').length];
  const places = [{}, [], '', 1, 1n, Symbol('x'), () => {}, class {}, function* () {}, (function* () {})(), async () => {},
    (async () => {})(), (async function* () {})(), [].values(), new Map().keys(), 'a'.matchAll(/a/g), [].values().map((x) => x), Iterator.from({ next() {} }),
    new Uint8Array(1), Int8Array, new Date(), /a/, new Error('x'), context, console, console.log, JSON, Math, Reflect, look, globalThis];
  return JSON.stringify([seen, places.map((place) => typeof place.trace + typeof Object.getPrototypeOf(place)?.trace)]);
}
function transform(row, context) {
  const before = look(context);
  switch (Number(row.id)) {
    ${LEAVE.map((code, index) => `case ${String(index)}: ${guarded(code)} break;`).join('\n    ')}
  }
  return { id: row.id, name: before + row.name };
}`;

const id: ColumnDefinition = { name: 'id', kind: 'integer', declared: 'int', nullable: false, bytes: 4 };
const name: ColumnDefinition = { name: 'name', kind: 'text', declared: 'longtext', nullable: true, charset: 'utf8mb4' };
const facts: RowFacts = { pipelineId: 'p', gtid: '0-1-1', commitMs: 5, event: 0, row: 0, kind: 'insert' };
const image = (code: number) => ({ which: 'after' as const, image: [code, 'x'] as RowImage, facts });
const runner = (): ScriptRunner =>
  new ScriptRunner({
    source: SOURCE,
    columns: [id, name],
    timeMs: 2_000,
    memoryBytes: 33_554_432,
    names: { mapping: 'm', schema: 's', table: 't' },
  });

/** What can be compared of an outcome. */
const plain = ({ rows, lines }: Awaited<ReturnType<ScriptRunner['run']>>[number]): unknown =>
  'code' in rows ? [rows.code, rows.message, lines] : [rows, lines];

describe('a script', () => {
  const alone: unknown[] = [];

  beforeAll(async () => {
    for (const code of LEAVE.keys()) alone.push(...(await runner().run([image(code)])).map(plain));
  }, 120_000);

  it('looks and leaves: each way of leaving runs to its end', () => {
    expect(alone).toHaveLength(LEAVE.length);
    expect(new Set(alone.map((outcome) => JSON.stringify(outcome))).size).toBeGreaterThan(10);
  });

  it('cannot observe earlier rows', async () => {
    const shared = runner();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: LEAVE.length - 1 }), { minLength: 1, maxLength: 8 }), async (codes) => {
        const outcomes = await shared.run(codes.map(image));
        expect(outcomes.map(plain)).toEqual(codes.map((code) => alone[code]));
      }),
      { numRuns: 300 },
    );
  }, 120_000);
});
