import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ApiDocument } from '../src/api-document/api-document.ts';
import { ApiSchemas } from './api-schemas.ts';
import type { ApiOperation } from './api-schemas.ts';
import { arbitraryRequest } from './arbitrary-request.ts';
import type { Existing } from './arbitrary-request.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: whatever is sent to whichever route, the manager itself never fails over it, and it answers as its document says:
// a success that meets its schema, or a problem document with a code that the route is described with.
// Method: requests from the schemas of the document that is served, right ones and spoilt ones, under a seed that is printed
// with a counter-example. The databases that the pipelines name do not exist, so that one failure is right: they do not answer.

const RUNS_EACH = 15;
const RUNS_EACH_WITH_BODY = 40;
const CHARS_SHOWN = 500;
/** The data sources of the test are no databases. */
const NOBODY_THERE = 'TARGET_UNREACHABLE';

const installation = new Installation();
let manager: RunningManager;
let api: ApiSchemas;
let existing: Existing;

beforeAll(async () => {
  manager = await installation.start();
  api = new ApiSchemas((await manager.request('GET', '/api/docs-json')).body as unknown as ApiDocument);
  const server = { kind: 'mariadb', host: '127.0.0.1', user: 'u', password: 'p' };
  const channelId = await manager.create('channels', { name: 'fuzzed' });
  const sourceId = await manager.create('data-sources', { ...server, name: 'a', port: 1 });
  const targetId = await manager.create('data-sources', { ...server, name: 'b', port: 2 });
  const pipelineId = await manager.create('pipelines', { name: 'fuzzed', channelId, sourceId, targetId });
  const mapping = { source: { schema: 's', table: { exact: 't' } }, target: { schema: 's' } };
  const mappingId = await manager.create(`pipelines/${pipelineId}/mappings`, mapping);
  const http = { url: 'http://127.0.0.1:1/hook' };
  const receiverId = await manager.create('receivers', { name: 'fuzzed', kind: 'webhook', http });
  const ruleId = await manager.create('alarm-rules', { name: 'fuzzed', kind: 'delay' });
  const userId = await manager.create('users', { name: 'fuzzed', password: 'seven old bicycles', role: 'viewer' });
  const keyId = await manager.create('api-keys', { name: 'fuzzed', role: 'viewer' });
  existing = {
    ...{ channels: [channelId], 'data-sources': [sourceId, targetId], pipelines: [pipelineId], mappings: [mappingId] },
    ...{ receivers: [receiverId], 'alarm-rules': [ruleId], users: [userId], 'api-keys': [keyId] },
  };
}, 60_000);

afterAll(() => installation.close(), 60_000);

/** What is wrong with the answer to one request; '' = nothing. */
async function complaintAbout(operation: ApiOperation, address: string, request: object): Promise<string> {
  const answer = await manager.request(operation.method, address, request);
  const code = String(answer.body['code']);
  if (answer.status >= 500 && code !== NOBODY_THERE) return `${operation.method} ${address}: ${answer.text}`;
  return api.complaintAbout(operation, answer);
}

describe('whatever is sent', () => {
  it('to any route is answered as the document says', async () => {
    const operations = api.operations();
    expect(operations.length).toBeGreaterThan(90);
    // Deletes last: the others shall find something.
    const rank = ({ method }: ApiOperation): number => (method === 'DELETE' ? 1 : 0);
    const found: string[] = [];
    for (const operation of operations.toSorted((a, b) => rank(a) - rank(b))) {
      let last = '';
      const property = fc.asyncProperty(arbitraryRequest(api.document, operation, existing), async (request) => {
        const { address, headers, body } = request;
        last = await complaintAbout(operation, address, { headers, ...(body === undefined ? {} : { body }) });
        return last === '';
      });
      const numRuns = operation.operation.requestBody === undefined ? RUNS_EACH : RUNS_EACH_WITH_BODY;
      const details = await fc.check(property, { numRuns, endOnFailure: true });
      if (details.failed) {
        const request = JSON.stringify(details.counterexample).slice(0, CHARS_SHOWN);
        found.push(`seed ${String(details.seed)}: ${last.slice(0, CHARS_SHOWN)} after ${request}`);
      }
    }
    expect(found).toEqual([]);
    expect(installation.logLines.filter((line) => line.includes('request failed'))).toEqual([]);
  }, 240_000);
});
