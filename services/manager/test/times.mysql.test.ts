import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ApiDocument } from '../src/api-document/api-document.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: every time that the API takes is one that it can read and keep, or is refused by name. Method: each date-time of each
// query and body of the document, with times that a calendar or a standard knows and a database or Date does not.

const TIMES = [
  ...['20240101T000000Z', '2009-222', '2009-W01-1', '2024-01-01T00:00:00,5Z', '2024-01-01', '2024-01-01T00:00:00'],
  ...['9999-12-31T23:59:59-10:00', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00', '2026-02-30T00:00:00Z'],
];
const SOME_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

const installation = new Installation();
let manager: RunningManager;

beforeAll(async () => {
  manager = await installation.start();
});

afterAll(() => installation.close());

it('a time that is none is refused by its field, wherever it stands', async () => {
  const api = (await manager.request('GET', '/api/docs-json')).body as unknown as ApiDocument;
  const wrong: unknown[] = [];
  let count = 0;
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, { parameters, requestBody }] of Object.entries(methods)) {
      const address = path.replaceAll(/\{\w+\}/g, SOME_ID);
      const ask = async (field: string, text: string): Promise<void> => {
        count += 1;
        const isQuery = parameters.some(({ name }) => name === field);
        const { status, body } = isQuery
          ? await manager.request(method.toUpperCase(), `${address}?${field}=${encodeURIComponent(text)}`)
          : await manager.request(method.toUpperCase(), address, { body: { [field]: text } });
        const detail = String(body['detail']);
        if (status !== 400 || !detail.includes(`${field} must be a time with its offset`))
          wrong.push([method, path, field, text, status, detail.slice(0, 100)]);
      };
      const reference = requestBody?.content['application/json']?.schema.$ref?.split('/').at(-1) ?? '';
      const fields = Object.entries(api.components.schemas[reference]?.properties ?? {});
      const times = [
        ...parameters.filter(({ schema }) => schema.format === 'date-time').map(({ name }) => name),
        ...fields.filter(([, { format }]) => format === 'date-time').map(([name]) => name),
      ];
      for (const field of times) for (const text of TIMES) await ask(field, text);
    }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(10 * TIMES.length);
});

it('the first and the last time are taken', async () => {
  for (const since of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'])
    expect((await manager.request('GET', `/api/v1/events?since=${encodeURIComponent(since)}`)).status).toBe(200);
  const rule = { name: 'paused', kind: 'delay', pauseUntil: '9999-12-31T23:59:59.999Z' };
  const answer = await manager.request('POST', '/api/v1/alarm-rules', { body: rule });
  expect([answer.status, answer.body['pauseUntil']]).toEqual([201, rule.pauseUntil]);
});
