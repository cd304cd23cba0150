import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ApiDocument } from '../src/api-document/api-document.ts';
import { ApiSchemas } from './api-schemas.ts';
import type { ApiOperation } from './api-schemas.ts';
import { arbitraryRequest } from './arbitrary-request.ts';
import type { Existing, FuzzedRequest } from './arbitrary-request.ts';
import { furnish } from './furnished-installation.ts';
import type { Furnished } from './furnished-installation.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: whatever is sent to whichever route, the manager itself never fails over it, and it answers as its document says:
// a success that meets its schema, or a problem document with a code that the route is described with.
// Method: requests from the schemas of the document that is served, right ones and spoilt ones, under a seed that is printed
// with a counter-example. There is one of each thing, of a pipeline between real servers and of one whose databases do not
// exist: there one failure is right, that they do not answer.

const CHARS_SHOWN = 500;
/** Some data sources of the test are no databases: only requests about these may fail so. */
const NOBODY_THERE = ['SOURCE_UNREACHABLE', 'TARGET_UNREACHABLE'];

/** Requests to each route. */
export interface FuzzRuns {
  readonly withoutBody: number;
  readonly withBody: number;
}

const installation = new Installation();
let manager: RunningManager;
let api: ApiSchemas;
let furnished: Furnished;

/** The test of api-fuzz.mysql.test.ts and, with more requests, of api-fuzz.nightly.test.ts. */
export function fuzzApi(runs: FuzzRuns): void {
  beforeAll(async () => {
    manager = await installation.start();
    api = new ApiSchemas((await manager.request('GET', '/api/docs-json')).body as unknown as ApiDocument);
    furnished = await furnish(manager);
  });

  afterAll(async () => {
    await furnished.close();
    await installation.close();
  });

  it('to any route is answered as the document says', async () => {
    const operations = api.operations();
    expect(operations.length).toBeGreaterThan(90);
    const found: string[] = [];
    for (const operation of operations.toSorted((a, b) => rankOf(a) - rankOf(b))) {
      let last = '';
      const world = { document: api.document, existing: existingFor(operation) };
      const property = fc.asyncProperty(arbitraryRequest(world, operation), async (request) => {
        last = await complaintAbout(operation, request);
        return last === '';
      });
      const numRuns = operation.operation.requestBody === undefined ? runs.withoutBody : runs.withBody;
      const details = await fc.check(property, { numRuns, endOnFailure: true });
      if (details.failed) {
        const request = JSON.stringify(details.counterexample).slice(0, CHARS_SHOWN);
        found.push(`seed ${String(details.seed)}: ${last.slice(0, CHARS_SHOWN)} after ${request}`);
      }
    }
    expect(found).toEqual([]);
    expect(installation.logLines.filter((line) => line.includes('request failed'))).toEqual([]);
  }, 900_000);
}

/** What is wrong with the answer to one request; '' = nothing. */
async function complaintAbout(operation: ApiOperation, { address, headers, body }: FuzzedRequest): Promise<string> {
  const answer = await manager.request(operation.method, address, { headers, ...(body === undefined ? {} : { body }) });
  const isAboutDead = furnished.deadIds.some((id) => `${address} ${body ?? ''}`.includes(id));
  const isRight = answer.status < 500 || (isAboutDead && NOBODY_THERE.includes(String(answer.body['code'])));
  return isRight ? api.complaintAbout(operation, answer) : `${operation.method} ${address}: ${answer.text}`;
}

/** What others need to answer goes last: first changes, then removals. Data sources that answer stay as they are. */
const rankOf = ({ method }: ApiOperation): number => ['PATCH', 'PUT', 'DELETE'].indexOf(method);
function existingFor({ method, path }: ApiOperation): Existing {
  const { existing, deadIds } = furnished;
  const isChange = method !== 'GET' && path.startsWith('/api/v1/data-sources/') && !path.endsWith('/check');
  return isChange ? { ...existing, 'data-sources': deadIds.slice(0, 2) } : existing;
}
