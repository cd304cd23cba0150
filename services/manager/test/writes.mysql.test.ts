import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { must } from '@lutra/model';
import { makeTlsMaterial } from '@lutra/testing';
import { resolved } from '../src/api-document/api-document.ts';
import type { ApiDocument, Schema } from '../src/api-document/api-document.ts';
import { ApiSchemas } from './api-schemas.ts';
import { furnish } from './furnished-installation.ts';
import type { Furnished } from './furnished-installation.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';
import { writeCalls } from './write-calls.ts';
import type { WriteCall, WriteCalls } from './write-calls.ts';

// Goal: every write leaves its entry in the audit log, and every text that a write takes is given back as it was or refused.
// Method: one right call of each route of the document that writes, on an installation with real databases behind it; then
// the same calls with an odd text in the place of each text of their bodies.

const ROOT = '/api/v1/';
/** Routes of other methods than GET that change nothing, or nothing that anybody would ask about later. */
const READS = [
  'POST data-sources/{id}/check',
  'POST mappings/preview',
  'POST pipelines/{id}/positions/preview',
  'POST pipelines/{id}/pre-check',
  'POST session/refresh',
];
/** They take texts to find something, and keep none of them. */
const FILTERS = ['POST dead-letters/retry', 'POST dead-letters/discard', 'POST login'];
/** The caller, a session, and a channel with all that belongs to it: no id of theirs is in request or answer. */
const UNNAMED = ['POST login', 'DELETE session', 'PUT session/password', 'PUT channels/{name}/document'];
const TEXTS: readonly (readonly [what: string, text: string])[] = [
  [
    'for SQL, LDAP, HTML, paths and templates',
    `\\'"; DROP -- *)(uid=*) <b>&amp; ../.. \${1+1} %s e\u0301\u{1F469}\u202E`,
  ],
  ['of control characters, with blanks at its ends', '\uFEFF\u00A0a\u0000\u001B[31m\r\n\tb \u200B'],
];
const HALF = 'a\uD83Db';

const installation = new Installation();
const folder = mkdtempSync(join(tmpdir(), 'lutra-writes-'));
let manager: RunningManager;
let api: ApiSchemas;
let furnished: Furnished;
let calls: WriteCalls;

beforeAll(async () => {
  manager = await installation.start();
  api = new ApiSchemas((await manager.request('GET', '/api/docs-json')).body as unknown as ApiDocument);
  furnished = await furnish(manager);
  calls = writeCalls({ installation, manager, furnished, tls: await makeTlsMaterial(folder) });
});

afterAll(async () => {
  await furnished.close();
  await installation.close();
  rmSync(folder, { recursive: true });
});

const send = (route: string, { path, body, token }: WriteCall): Promise<Answer> =>
  manager.request(route.split(' ')[0] ?? '', `${ROOT}${path}`, {
    ...(body === undefined ? {} : { body }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });

describe('the calls', () => {
  it('are of every route that writes', () => {
    const routes = api
      .operations()
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.slice(ROOT.length)}`);
    expect([...Object.keys(calls), ...READS].toSorted()).toEqual(routes.toSorted());
  });
});

const nameOf = (place: Place): string => place.filter((step) => typeof step === 'string').join('.');

/** Fields that are free text: 'http.url', 'pipelines.mappings.source.schema'. */
function textFields(schema: Schema, place: string): readonly string[] {
  const one = resolved(api.document, schema.anyOf?.[0] ?? schema);
  if (one.properties !== undefined)
    return Object.entries(one.properties).flatMap(([name, inner]) =>
      textFields(inner, place === '' ? name : `${place}.${name}`),
    );
  if (one.items !== undefined) return textFields(one.items, place);
  return one.type === 'string' && one.enum === undefined && one.format === undefined ? [place] : [];
}

describe('every write', () => {
  const newest = async (): Promise<Record<string, unknown>> =>
    (await manager.request('GET', '/api/v1/audit?pageSize=1')).body.items?.[0] ?? {};

  it('leaves an entry in the audit log that names what it was about', async () => {
    const wrong: unknown[] = [];
    for (const [route, [prepare]] of Object.entries(calls)) {
      const call = await prepare?.();
      if (call === undefined) continue;
      const before = await newest();
      const answer = await send(route, call);
      const after = await newest();
      const about = `${call.path} ${JSON.stringify(call.body)} ${answer.text}`;
      const isNamed = about.includes(String(after['resourceId'])) || UNNAMED.includes(route);
      if (answer.status >= 300 || Number(after['number']) <= Number(before['number']) || !isNamed)
        wrong.push([route, answer.status, answer.text.slice(0, 300), after['resource'], after['resourceId']]);
      await call.undo?.(answer);
    }
    expect(wrong).toEqual([]);
    expect((await manager.request('GET', '/api/v1/audit/verify')).body['isIntact']).toBe(true);
  });
});

type Place = readonly (string | number)[];

/** Where the texts of a value are. */
function textsOf(value: unknown, place: Place = []): readonly Place[] {
  if (typeof value === 'string') return [place];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    textsOf(inner, [...place, Array.isArray(value) ? Number(name) : name]),
  );
}

function replaced(value: unknown, [step, ...rest]: Place, text: string): unknown {
  if (step === undefined) return text;
  if (Array.isArray(value)) return value.map((one: unknown, i) => (i === step ? replaced(one, rest, text) : one));
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [step]: replaced(fields[step], rest, text) };
}

/** Whether the text stands somewhere in the value, and nothing else beside it. */
const holds = (value: unknown, text: string): boolean =>
  value === text ||
  (typeof value === 'object' && value !== null && Object.values(value).some((inner) => holds(inner, text)));

/** The field that the place is in, and the one that this is in: as problems name them. */
const fieldsOf = (place: Place): readonly string[] => place.filter((step) => typeof step === 'string').slice(-2);

function bodyOf(route: string): Schema | undefined {
  const [method, path] = route.split(' ');
  const found = api.operations().find((one) => one.method === method && one.path === `${ROOT}${String(path)}`);
  return found?.operation.requestBody?.content['application/json']?.schema;
}

const takesBody = (route: string): boolean => bodyOf(route) !== undefined;

function isSecret(route: string, place: Place): boolean {
  let schema = bodyOf(route);
  for (const step of place) {
    if (schema === undefined) return false;
    const one: Schema = resolved(api.document, schema.anyOf?.[0] ?? schema);
    if (one.writeOnly === true) return true;
    schema = typeof step === 'number' ? one.items : one.properties?.[step];
  }
  return (schema?.anyOf?.[0] ?? schema)?.writeOnly === true;
}

/**
 * What is wrong with the answer to a text at a place of a body; '' = it is refused by name, or kept as it is. And whether the
 * call has done something, so that it cannot be made again.
 */
async function answerTo(
  route: string,
  call: WriteCall,
  { place, text }: { place: Place; text: string },
): Promise<{ readonly complaint: string; readonly isDone: boolean }> {
  const answer = await send(route, { ...call, body: replaced(call.body, place, text) });
  const told = `${route} ${place.join('.')}: ${String(answer.status)} ${answer.text.slice(0, 300)}`;
  if (answer.status >= 500) return { complaint: told, isDone: true };
  if (answer.status >= 400 || answer.body['isApplied'] === false) {
    const isNamed = answer.status !== 400 || fieldsOf(place).some((field) => answer.text.includes(field));
    return { complaint: isNamed ? '' : `not named: ${told}`, isDone: false };
  }
  if (text === HALF) return { complaint: `taken: ${told}`, isDone: true };
  const id = String(answer.body['id']);
  const path = call.read?.(answer) ?? (route.startsWith('POST') ? `${call.path}/${id}` : call.path);
  const found = await manager.request('GET', `${ROOT}${path}`);
  await call.undo?.(answer);
  const value = found.text.startsWith('{') ? found.body : (parse(found.text) as unknown);
  const isKept = FILTERS.includes(route) || isSecret(route, place) || holds(value, text);
  return { complaint: isKept ? '' : `changed: ${told} and then ${found.text.slice(0, 300)}`, isDone: true };
}

/** Texts of the document that no body had, but for a look-up's data source in the form of the others: it is refused there. */
const missingIn = (seen: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] =>
  Object.keys(calls).flatMap((route) => {
    const schema = bodyOf(route);
    const ofOthers = route.startsWith('PUT channels') ? 'lookups.dataSourceId' : 'lookups.dataSource';
    const fields = schema === undefined ? [] : textFields(schema, '').filter((field) => !field.endsWith(ofOthers));
    return fields.filter((field) => seen.get(route)?.has(field) !== true).map((field) => `${route} ${field}`);
  });

describe('a text in each text field of each body', () => {
  it.each([...TEXTS, ['that is half of a character', HALF] as const])(
    '%s is kept as it is, or refused by name',
    async (_what, text) => {
      const wrong: string[] = [];
      const seen = new Map<string, Set<string>>();
      for (const [route, prepares] of Object.entries(calls).filter(([one]) => takesBody(one)))
        for (const prepare of prepares) {
          let call = await prepare();
          for (const place of textsOf(call.body)) {
            const { complaint, isDone } = await answerTo(route, call, { place, text });
            if (complaint !== '') wrong.push(complaint);
            seen.set(route, (seen.get(route) ?? new Set()).add(nameOf(place)));
            // What is changed can be changed again; what is made, once. To prepare a call costs more than the call.
            if (isDone && !route.startsWith('PATCH')) call = await prepare();
          }
        }
      expect(wrong).toEqual([]);
      expect(missingIn(seen)).toEqual([]);
    },
    480_000,
  );
});

it.each([TEXTS[0]?.[1] ?? '', '\uFEFFbegins with a mark'])('the comment %j is kept as it is', async (comment) => {
  const [prepare] = calls['PATCH pipelines/{id}'] ?? [];
  const { path } = must(await prepare?.(), 'a pipeline');
  // A header is bytes: fetch takes one character for each.
  const headers = { 'x-comment': Buffer.from(comment).toString('latin1') };
  await manager.request('PATCH', `${ROOT}${path}`, { body: { parameters: { lanes: 7 } }, headers });
  const { body } = await manager.request('GET', `${ROOT}${path}/revisions`);
  expect(body.items?.[0]?.['comment']).toBe(comment);
});
