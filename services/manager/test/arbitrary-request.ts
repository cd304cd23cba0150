import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { resolved } from '../src/api-document/api-document.ts';
import type { ApiDocument, Parameter, Schema } from '../src/api-document/api-document.ts';
import type { ApiOperation } from './api-schemas.ts';

export interface FuzzedRequest {
  /** With the query. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly body: string | undefined;
}

/** What has broken programs before: quotes of every language, what cannot be seen, what is longer or deeper than thought. */
const ODD_TEXTS = [
  '',
  ' ',
  `x' OR '1'='1'; DROP TABLE channel; --`,
  String.raw`\'; DELETE FROM channel; #`,
  '*)(uid=*))(|(uid=*',
  '<script>alert(1)</script>&amp;"',
  '{{constructor.constructor("return 1")()}} ${1+1} %s %n',
  '../../../../etc/passwd',
  '\u0000',
  '\u202Eexe.txt',
  '\u200B\uFEFF',
  'a\uD83Db',
  '\u{1F469}\u200D\u{1F467}\u{10FFFF}',
  '__proto__',
  'constructor',
  'null',
  '-1',
  '1e999',
  '9'.repeat(400),
  'x'.repeat(70_000),
  '(a+)+$',
  '&a [*a,*a]',
];
const ODD_VALUES: readonly unknown[] = [
  ...ODD_TEXTS,
  ...[null, true, 0, -1, 1.5, 1e308, -1e308, Number.MAX_SAFE_INTEGER + 2, [], {}, [[]], { a: { b: {} } }],
];
const ITEMS_MAX = 4;
const TEXT_MAX = 30;
/** Node itself refuses an address that is longer than 16 KiB, without a word (431). */
const SEGMENT_MAX = 1_000;
/** Names that would be looked up, which is slow and none of our business. */
const LOCAL: Readonly<Record<string, string>> = { host: '127.0.0.1', url: 'http://127.0.0.1:1/hook' };

/** Fields that name something which is there, and the collection of it. */
const COLLECTION_OF: Readonly<Record<string, string>> = {
  ...{ channelId: 'channels', channelIds: 'channels', pipelineId: 'pipelines', pipelineIds: 'pipelines' },
  ...{ sourceId: 'data-sources', targetId: 'data-sources', receiverIds: 'receivers', ruleId: 'alarm-rules' },
  ...{
    instance: 'instances',
    schema: 'schemas',
    table: 'tables',
    exact: 'tables',
    gtid: 'gtids',
    confirmHash: 'hashes',
  },
};

const oddText = fc.constantFrom(...ODD_TEXTS);
const anyText = fc.oneof(oddText, fc.string({ maxLength: TEXT_MAX, unit: 'binary' }));

/** What exists, by the collection that it is in: 'channels' → ids. */
export type Existing = Readonly<Record<string, readonly string[]>>;

/** What values are made of. */
interface World {
  readonly document: ApiDocument;
  readonly existing: Existing;
}

/** Requests of one route: as its schemas say, about what there is, and spoilt in many ways. */
export function arbitraryRequest(world: World, { method, path, operation }: ApiOperation): Arbitrary<FuzzedRequest> {
  const { existing } = world;
  const of = (place: Parameter['in']): readonly Parameter[] => operation.parameters.filter((one) => one.in === place);
  const schema = operation.requestBody?.content['application/json']?.schema;
  const names = fc.record(
    Object.fromEntries(of('path').map(({ name }) => [name, segment(idsFor(path, name, existing))])),
  );
  const query = fc.record(Object.fromEntries(of('query').map((one) => [one.name, asked(world, one)])), {
    requiredKeys: of('query')
      .filter(({ required }) => required)
      .map(({ name }) => name),
  });
  const headers = fc.record(
    {
      ...Object.fromEntries(of('header').map(({ name }) => [name.toLowerCase(), headerText])),
      'content-type': fc.constantFrom(
        ...Array<string>(20).fill('application/json'),
        'text/plain',
        'application/yaml',
        'x',
      ),
    },
    { requiredKeys: ['content-type'] },
  );
  const unasked = method === 'GET' ? fc.constant(undefined) : fc.constantFrom(undefined, '{}');
  const body = schema === undefined ? unasked : bodyOf(world, schema);
  return fc.record({ names, query, headers, body }).map((parts) => ({
    address: addressOf(path, parts.names, parts.query as Readonly<Record<string, unknown>>),
    headers: parts.headers,
    body: parts.body,
  }));
}

function addressOf(
  path: string,
  names: Readonly<Record<string, string>>,
  query: Readonly<Record<string, unknown>>,
): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => names[name] ?? '');
  const asked = Object.entries(query).map(([name, value]) => `${name}=${encoded(String(value))}`);
  return asked.length === 0 ? filled : `${filled}?${asked.join('&')}`;
}

/** Half a pair of surrogates has no bytes: it goes as some that are no UTF-8. */
const encoded = (text: string): string => (text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%BD');

/** The step before a parameter names the collection; what is not in it is tried as well. */
function idsFor(path: string, name: string, existing: Existing): readonly string[] {
  if (name === 'number' || name === 'before' || name === 'after') return ['1', '2'];
  if (name === 'name') return ['fuzzed'];
  const steps = path.split('/');
  const collection = steps[steps.indexOf(`{${name}}`) - 1] ?? '';
  const own = existing[collection] ?? [];
  return own.length > 0 ? own : Object.values(existing).flat();
}

/** One step of a path; empty, it would be another path. */
const segment = (ids: readonly string[]): Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...ids) },
    { weight: 1, arbitrary: fc.constantFrom('%E0%A4%A', '%00', '..%2f..', '1', '-') },
    { weight: 1, arbitrary: anyText.filter((text) => text.length > 0 && text.length < SEGMENT_MAX).map(encoded) },
  );

const headerText = fc.oneof(
  fc.constantFrom('"1"', '*', '"1", "2"', 'W/"1"', '', '"', 'key-1', 'x'.repeat(300), 'Gr\u00FC\u00DFe'),
  fc.string({ maxLength: TEXT_MAX, unit: 'grapheme-ascii' }),
);

function asked(world: World, { name, schema }: Parameter): Arbitrary<unknown> {
  const spoilt = anyText.filter((text) => text.length < SEGMENT_MAX);
  return fc.oneof(
    { weight: 3, arbitrary: valueOf(world, schema, name).filter(fits) },
    { weight: 1, arbitrary: spoilt },
  );
}

const fits = (value: unknown): boolean => String(value).length < SEGMENT_MAX;

function bodyOf(world: World, schema: Schema): Arbitrary<string> {
  const right = valueOf(world, schema, '');
  const spoilt = fc
    .tuple(right, fc.nat(), fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue({ maxDepth: 4 })))
    .map(([value, place, odd]) => spoil(value, place, odd));
  const text = fc.constantFrom(
    '',
    'null',
    '[',
    '"text"',
    '{"a":1',
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    '\uFEFF{}',
  );
  return fc.oneof(
    { weight: 5, arbitrary: right.map((value) => JSON.stringify(value)) },
    { weight: 6, arbitrary: spoilt.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: text },
  );
}

/** The value with another one at one place, or with a field that it does not know. */
function spoil(value: unknown, place: number, odd: unknown): unknown {
  if (typeof value !== 'object' || value === null) return odd;
  const fields = Object.entries(value);
  if (place % 7 === 0 || fields.length === 0) return { ...value, noSuchField: odd };
  const [name = '', inner] = fields[place % fields.length] ?? [];
  const isDeeper = typeof inner === 'object' && inner !== null && place % 2 === 0;
  const spoilt = isDeeper ? spoil(inner, Math.floor(place / 2), odd) : odd;
  if (Array.isArray(value)) return value.map((one: unknown, index) => (String(index) === name ? spoilt : one));
  return { ...value, [name]: spoilt };
}

function valueOf(world: World, schema: Schema, name: string): Arbitrary<unknown> {
  const local = LOCAL[name];
  if (local !== undefined) return fc.constant(local);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => valueOf(world, one, name)));
  const one = resolved(world.document, schema);
  const known = world.existing[COLLECTION_OF[name] ?? ''] ?? [];
  if (known.length > 0 && one.type === 'string')
    return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: textOf(one) });
  if (one.enum !== undefined) return fc.constantFrom(...one.enum);
  const types = [one.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => typedValue(world, { ...one, type }, name)));
}

function typedValue(world: World, schema: Schema & { readonly type: string }, name: string): Arbitrary<unknown> {
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({
        min: Math.ceil(schema.minimum ?? 0),
        max: Math.floor(schema.maximum ?? Math.max(1_000, schema.minimum ?? 0)),
      });
    case 'string':
      return textOf(schema);
    case 'array':
      return fc.array(valueOf(world, schema.items ?? {}, name), {
        minLength: Math.min(schema.minItems ?? 0, ITEMS_MAX),
        maxLength: Math.min(schema.maxItems ?? ITEMS_MAX, ITEMS_MAX),
      });
    default:
      return recordOf(world, schema);
  }
}

function textOf({ pattern, format, minLength = 0, maxLength = TEXT_MAX, examples = [] }: Schema): Arbitrary<unknown> {
  const example = fc.constantFrom(...(examples.length === 0 ? ['text'] : examples));
  if (pattern !== undefined) return fc.oneof(example, fc.stringMatching(new RegExp(pattern)));
  if (format === 'date-time')
    return fc
      .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((at) => at.toISOString());
  const length = { minLength, maxLength: Math.max(minLength, Math.min(maxLength, TEXT_MAX)) };
  const odd = ODD_TEXTS.filter((text) => text.length >= minLength && text.length <= maxLength);
  return fc.oneof(example, fc.string({ ...length, unit: 'binary' }), fc.constantFrom('text', ...odd));
}

function recordOf(world: World, { properties, required = [], additionalProperties }: Schema): Arbitrary<unknown> {
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? valueOf(world, additionalProperties, '') : fc.jsonValue();
    return fc.dictionary(fc.string({ maxLength: TEXT_MAX }), values, { maxKeys: ITEMS_MAX });
  }
  const fields = Object.entries(properties).map(([name, of]) => [name, valueOf(world, of, name)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required] });
}
