import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import { PARAMETERS, PARAMETER_NAMES } from '../src/pipelines/parameter-catalogue.ts';
import type { ParameterName, ParameterSpec } from '../src/pipelines/parameter-catalogue.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: what the catalogue says of a parameter is what the API takes and refuses, and a change says from when it counts.
// Method: for each parameter the borders of its range and the values beyond are sent to a manager in this process.

const installation = new Installation();
let manager: RunningManager;
let pipelineId: string;

beforeAll(async () => {
  manager = await installation.start();
  const database = { kind: 'mariadb', host: 'db', user: 'lutra', password: 'secret' };
  pipelineId = await manager.create('pipelines', {
    channelId: await manager.create('channels', { name: 'shop' }),
    name: 'p',
    sourceId: await manager.create('data-sources', { ...database, name: 'source', port: 3301 }),
    targetId: await manager.create('data-sources', { ...database, name: 'target', port: 3302 }),
  });
});

afterAll(() => installation.close());

const change = (parameters: Record<string, unknown>): Promise<Answer> =>
  manager.request('PATCH', `/api/v1/pipelines/${pipelineId}`, { body: { parameters, confirm: 'apply' } });

/** Values on both sides of the range's border. */
function borders(spec: ParameterSpec): { readonly fit: readonly unknown[]; readonly unfit: readonly unknown[] } {
  switch (spec.type) {
    case 'integer':
      return { fit: [spec.minimum, spec.maximum], unfit: [spec.minimum - 1, spec.maximum + 1, 1.5, '1', null] };
    case 'choice':
      return { fit: spec.values, unfit: ['', 'other', 1, null] };
    case 'flag':
      return { fit: [true, false], unfit: ['true', 1, null] };
    case 'instance':
      return { fit: ['', 'x'.repeat(128)], unfit: ['x'.repeat(129), 1, null] };
    case 'words': {
      const key = spec.keys?.[0] ?? 'anything';
      const fit = [{}, ...spec.values.map((value) => ({ [key]: value }))];
      return {
        fit,
        unfit: [{ [key]: 'other' }, 'x', [], null, ...(spec.keys === null ? [] : [{ other: spec.values[0] }])],
      };
    }
  }
}

it('GET /parameters tells of each one its range, unit, default, and from when a change counts', async () => {
  const { body } = await manager.request('GET', '/api/v1/parameters');
  expect(body['total']).toBe(Object.keys(DEFAULT_PARAMETERS).length);
  expect(body.items?.map(({ name }) => name).sort()).toEqual(Object.keys(DEFAULT_PARAMETERS).sort());
  for (const item of body.items ?? []) {
    const name = item['name'] as ParameterName;
    expect(item).toMatchObject({ default: DEFAULT_PARAMETERS[name], ...PARAMETERS[name] });
  }
  expect(body.items?.find(({ name }) => name === 'heartbeatMs')).toMatchObject({
    ...{ type: 'integer', minimum: 100, maximum: 60_000, unit: 'ms', default: 1_000 },
    ...{ takesEffect: 'next epoch', waitsForRestart: true },
  });
});

describe('the catalogue holds', () => {
  it.each(PARAMETER_NAMES)('for %s', async (name) => {
    const { fit, unfit } = borders(PARAMETERS[name]);
    // keepTransactions belongs to one of the modes only.
    const beside = name === 'keepTransactions' ? { applyMode: 'transactional' } : { keepTransactions: false };
    for (const value of fit) {
      const answer = await change({ ...beside, [name]: value });
      expect([name, value, answer.status]).toEqual([name, value, 200]);
      expect(answer.body['parameters']).toMatchObject({ [name]: value });
    }
    for (const value of unfit) {
      const answer = await change({ ...beside, [name]: value });
      expect([name, value, answer.status, answer.body['code']]).toEqual([name, value, 400, 'REQUEST_INVALID']);
      expect(answer.text).toContain(`parameters.${name}`);
    }
    await change({ keepTransactions: false, applyMode: 'merged', [name]: DEFAULT_PARAMETERS[name] });
  });
});

it('a change says of what became another one when it counts, and of nothing else', async () => {
  const { body } = await change({
    maxRows: 77,
    heartbeatMs: 500,
    lanes: DEFAULT_PARAMETERS.lanes,
    throttleRowsPerSecond: 9,
  });
  expect(body['effects']).toEqual([
    { parameter: 'maxRows', takesEffect: 'next process', waitsForRestart: false },
    { parameter: 'heartbeatMs', takesEffect: 'next epoch', waitsForRestart: true },
    { parameter: 'throttleRowsPerSecond', takesEffect: 'at once', waitsForRestart: false },
  ]);
  expect((await change({ maxRows: 77 })).body['effects']).toEqual([]);
});
