/** Fields of an image before its values: image, kind, gtid, commit time, event, row, whether a value is large. */
export const FACT_COUNT = 7;
/** In place of a value that stays outside until the script looks at it. */
export const LARGE = true;
export const IMAGES = ['before', 'after'] as const;
export const KINDS = ['insert', 'update', 'delete'] as const;

/** Rows that one image may become. */
export const ROWS_MAX = 10_000;
/** Of what a script says on the console for one row. */
export const LINES_MAX = 20;
export const LINE_CHARACTERS_MAX = 1_000;

/** What {@link SANDBOX_PROGRAM} says of an image that became no rows: in place of their number. */
export const THREW = -1;
export const NO_RESULT = -2;
export const UNKNOWN_COLUMN = -3;
export const NO_VALUE = -4;

/** The lines above a script's own, which {@link scriptProgram} puts there. */
export const LINES_ABOVE = 1;

/** The name that the errors of a script give for it. */
export const SCRIPT_FILE = 'script';

/**
 * The script as a function that runs it anew and gives its `transform`. The text must be a whole program by itself: otherwise
 * it could end the function and go on outside of it, where rows would see each other.
 */
export const scriptProgram = (source: string): string =>
  `(function () { 'use strict';\n${source}\nreturn transform;\n})`;

/** Builds a row of values and takes it apart, in code of its own for each table: names need not be looked for. */
export function shapeProgram({ columns }: { readonly columns: readonly { readonly name: string }[] }): string {
  const names = columns.map(({ name }) => JSON.stringify(name));
  // In brackets, because "__proto__" without them is no name of a column.
  const built = names.map((name, index) => `[${name}]: v[at + ${String(index)}]`);
  // A column may be called as something that every object inherits.
  const valueOf = (name: string, quoted: string): string =>
    name in Object.prototype ? `(hasOwn(row, ${quoted}) ? row[${quoted}] : undefined)` : `row[${quoted}]`;
  const taken = columns.map(
    ({ name }, index) => `out[to + ${String(index)}] = plain(${valueOf(name, names[index] ?? '')}, ${String(index)});`,
  );
  return `(function (plain, hasOwn) { 'use strict'; return {
    names: [${names.join(', ')}],
    build: (v, at) => ({ __proto__: null, ${built.join(', ')} }),
    take: (row, out, to) => { ${taken.join(' ')} },
  }; })`;
}

/**
 * Runs inside of QuickJS, first of all. It takes away what could tell one row of another, and freezes the rest: built-in
 * objects are all that a row could leave something in, since its own script runs anew for every row. What it returns runs
 * the script over many images: of a flat array (FACT_COUNT fields and the values of each image) it makes a flat array (of each
 * image the number of rows and their values, or what is wrong; then the number of lines of the console and the lines).
 */
export const SANDBOX_PROGRAM = `(function (constants) {
'use strict';
const { apply, construct, defineProperty, getPrototypeOf, ownKeys, getOwnPropertyDescriptor } = Reflect;
const { create, freeze, hasOwn, keys } = Object;
const { isArray } = Array;
const RealDate = Date, RealPromise = Promise, RealFunction = Function;
const bytesProto = getPrototypeOf(Uint8Array.prototype);
const getterOf = (object, name) => getOwnPropertyDescriptor(object, name).get;
const tagOf = getterOf(bytesProto, Symbol.toStringTag);
const lengthOf = getterOf(bytesProto, 'length');
const bufferOf = getterOf(bytesProto, 'buffer');
const bufferLengthOf = getterOf(ArrayBuffer.prototype, 'byteLength');

// The image that is in hand: its fields begin at base.
let values = [], base = 0, lines = [], state = null;

class Refusal { constructor(status, what) { this.status = status; this.what = what; } }

// Time is the transaction's commit.
const now = () => Math.trunc(values[base + 3]);
function SandboxDate(...given) {
  if (new.target === undefined) return new RealDate(now()).toString();
  return construct(RealDate, given.length === 0 ? [now()] : given, new.target);
}
const hidden = (object, name, value) => defineProperty(object, name, { value, enumerable: false, configurable: true, writable: true });
for (const key of ownKeys(RealDate)) defineProperty(SandboxDate, key, getOwnPropertyDescriptor(RealDate, key));
hidden(SandboxDate, 'now', { now() { return now(); } }.now);
hidden(RealDate.prototype, 'constructor', SandboxDate);
hidden(globalThis, 'Date', SandboxDate);

// Chance is told by the row's name: two 32-bit numbers of a counter that is well stirred (the finalizer of MurmurHash3).
const stir = (value) => {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};
const seed = () => {
  const name = values[base + 2] + ' ' + values[base + 4] + ' ' + values[base + 5] + ' ' + values[base];
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return stir(hash);
};
const next32 = () => { state ??= seed(); state = (state + 0x9e3779b9) | 0; return stir(state); };
hidden(Math, 'random', { random() { return ((next32() >>> 5) * 67108864 + (next32() >>> 6)) / 9007199254740992; } }.random);

// The console is kept, within limits.
const show = (value) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value) + 'n';
  if (typeof value !== 'object' || value === null) return String(value);
  try { return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? String(part) + 'n' : part)) ?? ''; }
  catch (error) { return '[object]'; }
};
const log = (...parts) => {
  if (lines.length > constants.lines) return;
  if (lines.length === constants.lines) { lines[lines.length] = '…'; return; }
  let text = '';
  for (let i = 0; i < parts.length; i++) text += (i === 0 ? '' : ' ') + show(parts[i]);
  lines[lines.length] = text.length > constants.characters ? text.slice(0, constants.characters) + '…' : text;
};
hidden(globalThis, 'console', { log, info: log, debug: log, warn: log, error: log });

const pad = (number, width) => String(number).padStart(width, '0');
const context = {
  mapping: constants.mapping, schema: constants.schema, table: constants.table,
  get image() { return constants.images[values[base]]; },
  get kind() { return constants.kinds[values[base + 1]]; },
  get gtid() { return values[base + 2]; },
  get commitTime() {
    const ms = values[base + 3], whole = Math.floor(ms);
    const text = new RealDate(whole).toISOString();
    return text.slice(0, 10) + ' ' + text.slice(11, 23) + pad(Math.min(Math.round((ms - whole) * 1000), 999), 3);
  },
  get event() { return values[base + 4]; },
  get row() { return values[base + 5]; },
};

// Nothing that makes code of text, waits, or sees what the collector of garbage does.
const noCode = function Function() { throw new TypeError('A script cannot make code of text'); };
noCode.prototype = RealFunction.prototype;
const functions = [function () {}, function* () {}, async function () {}, async function* () {}].map(getPrototypeOf);
for (const proto of functions) defineProperty(proto, 'constructor', { value: noCode, enumerable: false, configurable: false, writable: false });
hidden(globalThis, 'Function', noCode);
for (const name of ['eval', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'Promise', 'gc', 'performance', 'navigator', 'queueMicrotask'])
  delete globalThis[name];

const seen = new Set();
const freezeAll = (root) => {
  const open = [root];
  while (open.length > 0) {
    const object = open.pop();
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) continue;
    seen.add(object);
    freeze(object);
    open.push(getPrototypeOf(object));
    for (const key of ownKeys(object)) {
      const { value, get, set } = getOwnPropertyDescriptor(object, key);
      open.push(value, get, set);
    }
  }
};
const iterators = [[].values(), ''[Symbol.iterator](), new Map().entries(), new Set().values(), 'a'.matchAll(/a/g), [1].values().map((x) => x), Iterator.from({ next() {} })];
for (const root of [globalThis, context, RealDate, RealPromise, ...functions, ...functions.map((proto) => proto.prototype), ...iterators.map(getPrototypeOf)]) freezeAll(root);
freezeAll((function () { return arguments; })());

const bytes = (value, column) => {
  if (apply(tagOf, value, []) !== 'Uint8Array') throw new Refusal(constants.NO_VALUE, column);
  const length = apply(lengthOf, value, []);
  return length > 0 && apply(bufferLengthOf, apply(bufferOf, value, []), []) === length ? value : new Uint8Array(value);
};
const plain = (value, column) => {
  switch (typeof value) {
    case 'object': return value === null ? null : bytes(value, column);
    case 'function': case 'symbol': throw new Refusal(constants.NO_VALUE, column);
    default: return value;
  }
};

return function (script, shapeOf, load) {
  const { names, build, take } = shapeOf(plain, hasOwn);
  const width = names.length;
  const places = create(null);
  for (let i = 0; i < width; i++) places[names[i]] = true;
  freeze(places);

  // Large values are brought in when they are looked at: the getter of a column, while nobody has replaced it, says that it was not.
  const kept = new Uint8ClampedArray(0);
  let getters = null;
  const defer = (row) => {
    const image = base / (width + constants.facts);
    getters = [];
    for (let i = 0; i < width; i++) {
      if (values[base + constants.facts + i] !== true) continue;
      const own = (object, value) => defineProperty(object, names[i], { value, enumerable: true, configurable: true, writable: true });
      const get = () => { const [value] = load(image, i); own(row, value); return value; };
      getters[i] = get;
      defineProperty(row, names[i], { get, set(value) { own(this, value); }, enumerable: true, configurable: true });
    }
    return row;
  };
  const takeLarge = (row, out, to) => {
    for (let i = 0; i < width; i++) {
      const own = getOwnPropertyDescriptor(row, names[i]);
      const isKept = own !== undefined && own.get !== undefined && own.get === getters[i];
      out[to + i] = isKept ? kept : plain(own === undefined ? undefined : row[names[i]], i);
    }
  };

  const putRow = (out, to, row) => {
    if (typeof row !== 'object' || row === null || isArray(row)) throw new Refusal(constants.NO_RESULT, 'one of the rows is no object');
    const given = keys(row);
    for (let i = 0; i < given.length; i++) if (places[given[i]] === undefined) throw new Refusal(constants.UNKNOWN_COLUMN, given[i]);
    if (getters === null) take(row, out, to);
    else takeLarge(row, out, to);
    return to + width;
  };
  const put = (out, start, result) => {
    let to = start;
    if (result === undefined || result === null) { out[to] = 0; return to + 1; }
    if (result instanceof RealPromise) throw new Refusal(constants.NO_RESULT, 'a promise: scripts cannot wait');
    if (!isArray(result)) { out[to] = 1; return putRow(out, to + 1, result); }
    const { length } = result;
    if (length > constants.rows) throw new Refusal(constants.NO_RESULT, 'more than ' + constants.rows + ' rows');
    out[to++] = length;
    for (let i = 0; i < length; i++) to = putRow(out, to, result[i]);
    return to;
  };
  const text = (read, most) => { try { const found = read(); return typeof found === 'string' ? found.slice(0, most) : ''; } catch (error) { return ''; } };
  const refuse = (out, start, error) => {
    let to = start;
    if (error instanceof Refusal) { out[to++] = error.status; out[to++] = error.what; return to; }
    const isError = typeof error === 'object' && error !== null;
    out[to++] = constants.THREW;
    out[to++] = text(() => (isError ? error.name : ''), 100);
    out[to++] = text(() => (isError ? error.message : String(error)), 500);
    out[to++] = text(() => (isError ? error.stack : ''), 4000);
    return to;
  };
  return function run(given) {
    const out = [];
    let to = 0;
    values = given;
    for (base = 0; base < given.length; base += width + constants.facts) {
      state = null;
      getters = null;
      lines = [];
      const start = to;
      try {
        const transform = script();
        const row = build(given, base + constants.facts);
        to = put(out, start, transform(given[base + 6] === 1 ? defer(row) : row, context));
      } catch (error) {
        to = refuse(out, start, error);
      }
      const said = lines;
      out[to++] = said.length;
      for (let i = 0; i < said.length; i++) out[to++] = said[i];
    }
    values = [];
    out.length = to;
    return out;
  };
};
})`;
