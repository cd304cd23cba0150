import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiClient, ApiProblem } from '@lutra/api-client';

// Goal: what leaves the client is what its arguments say, and a refusal comes back as one error.
// Method: a server in this process that answers with what it was sent; a path with 'refused' gets a problem document.

let server: Server;
let api: ApiClient;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      response.statusCode = url.includes('refused') ? 409 : url.includes('empty') ? 204 : 200;
      const isDocument = method === 'GET' && url.endsWith('/document');
      response.setHeader('content-type', isDocument ? 'application/yaml; charset=utf-8' : 'application/json');
      if (isDocument) {
        response.end('format: lutra-channel/1\n');
        return;
      }
      const problem = { code: 'RESOURCE_CONFLICT', detail: 'The name is taken' };
      const echo = { method, url, headers, body: Buffer.concat(chunks).toString() };
      response.end(response.statusCode === 204 ? '' : JSON.stringify(response.statusCode === 409 ? problem : echo));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = new ApiClient(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, () => 'lutra_key');
});

afterAll(() => {
  server.close();
});

describe('a request', () => {
  it('has its parameters in path and query, and its token', async () => {
    const echo: unknown = await api.get('/data-sources/{id}/schemas/{schema}/tables', {
      path: { id: 'a/b', schema: 'ü ?' },
      query: { name: 'x&y' },
    });
    expect(echo).toMatchObject({
      method: 'GET',
      url: '/api/v1/data-sources/a%2Fb/schemas/%C3%BC%20%3F/tables?name=x%26y',
      headers: { authorization: 'Bearer lutra_key' },
      body: '',
    });
  });

  it('carries body and headers; a text goes as YAML', async () => {
    const changed: unknown = await api.patch('/channels/{id}', {
      path: { id: 'c' },
      headers: { 'If-Match': '"3"' },
      body: { description: 'text' },
    });
    expect(changed).toMatchObject({
      headers: { 'if-match': '"3"', 'content-type': 'application/json' },
      body: '{"description":"text"}',
    });
    const put: unknown = await api.put('/channels/{name}/document', { path: { name: 'c' }, body: 'a: 1\n' });
    expect(put).toMatchObject({ headers: { 'content-type': 'application/yaml' }, body: 'a: 1\n' });
  });

  it('for a document is answered with its text', async () => {
    const text = await api.get('/channels/{name}/document', { path: { name: 'c' } });
    expect(text).toBe('format: lutra-channel/1\n');
  });

  it('without an answer resolves to undefined', async () => {
    await expect(api.delete('/channels/{id}', { path: { id: 'empty' } })).resolves.toBeUndefined();
  });

  it('that is refused throws status, code and sentence', async () => {
    const refused = api.delete('/channels/{id}', { path: { id: 'refused' } });
    await expect(refused).rejects.toBeInstanceOf(ApiProblem);
    await expect(refused).rejects.toMatchObject({
      ...{ status: 409, code: 'RESOURCE_CONFLICT', detail: 'The name is taken' },
      message: 'DELETE /channels/refused: 409 RESOURCE_CONFLICT The name is taken',
    });
  });
});

it('does not compile with a route, a field or an answer that the API does not have', () => {
  const never = async (): Promise<void> => {
    // @ts-expect-error no such route
    await api.get('/pipeline');
    // @ts-expect-error no such field
    await api.post('/channels', { body: { name: 'a', colour: 'red' } });
    // @ts-expect-error the body is missing
    await api.post('/channels');
    // @ts-expect-error no such field in the answer
    await Promise.resolve((await api.pipeline('a')).colour);
  };
  expect(never).toBeInstanceOf(Function);
});
