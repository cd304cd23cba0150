import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: a browser cannot be turned against its user, and no request can hold or overfill the manager.
// Method: two managers on one store, one as it comes and one with origins and proxies that it trusts.

const installation = new Installation();
let plain: RunningManager;
let open: RunningManager;

beforeAll(async () => {
  plain = await installation.start();
  const env = {
    LUTRA_CORS_ORIGINS: 'https://ops.example.com,https://two.example.com',
    LUTRA_TRUSTED_PROXIES: '127.0.0.0/8',
  };
  open = await installation.start({ env });
});

afterAll(() => installation.close());

describe('headers', () => {
  it.each([
    ['an answer', '/api/v1/channels', 200],
    ['an error', '/api/v1/nothing', 404],
    ['an address outside of the API', '/nothing', 404],
  ])('of %s shut the browser in', async (_what, path, expected) => {
    const { status, headers } = await plain.request('GET', path);
    expect(status).toBe(expected);
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('of the API page let it run its own scripts, and no others', async () => {
    const page = await plain.request('GET', '/api/docs');
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      200,
      expect.stringMatching(/^default-src 'self'; style-src 'self' 'unsafe-inline'/),
    ]);
    const scripts = [...page.text.matchAll(/<script[^>]*>([^<]*)/g)];
    expect(scripts.length).toBeGreaterThan(0);
    // The policy forbids scripts in the page itself: there must be none.
    expect(scripts.filter(([, inline = '']) => inline.trim() !== '')).toEqual([]);
  });
});

describe('pages of another origin', () => {
  const preflight = async (manager: RunningManager, origin: string): Promise<string | null> => {
    const headers = { origin, 'access-control-request-method': 'POST', authorization: '' };
    return (await manager.request('OPTIONS', '/api/v1/channels', { headers })).headers.get(
      'access-control-allow-origin',
    );
  };

  it('may do nothing unless they are named', async () => {
    expect(await preflight(plain, 'https://ops.example.com')).toBeNull();
    const { headers } = await plain.request('GET', '/api/v1/channels', {
      headers: { origin: 'https://ops.example.com' },
    });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('may call the API when they are named, and no others', async () => {
    expect(await preflight(open, 'https://ops.example.com')).toBe('https://ops.example.com');
    expect(await preflight(open, 'https://two.example.com')).toBe('https://two.example.com');
    for (const origin of ['https://ops.example.com.evil.example', 'http://ops.example.com', 'null'])
      expect([origin, await preflight(open, origin)]).toEqual([origin, null]);
  });
});

describe('a body', () => {
  it('of more than a mebibyte is refused', async () => {
    const answer = await plain.request('POST', '/api/v1/channels', { body: { name: 'x'.repeat(1_100_000) } });
    expect([answer.status, answer.body['code']]).toEqual([413, 'REQUEST_INVALID']);
  });

  it('of less is read', async () => {
    const answer = await plain.request('POST', '/api/v1/channels', { body: { name: 'x'.repeat(900_000) } });
    expect([answer.status, answer.body['detail']]).toEqual([400, expect.stringMatching(/name must be shorter/)]);
  });

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"name":', '}'],
  ])('of %s in each other without end is refused', async (_what, start, end) => {
    const depth = 100_000;
    const body = `${start.repeat(depth)}1${end.repeat(depth)}`;
    const answer = await plain.request('POST', '/api/v1/channels', { body });
    expect([answer.status, answer.body['code']]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body['detail']).toMatch(/deeper than 32 levels/);
  });
});

describe('the address of a client', () => {
  const addressSeenBy = async (manager: RunningManager): Promise<unknown> => {
    const headers = { authorization: '', 'x-forwarded-for': '198.51.100.7, 203.0.113.9' };
    await manager.request('POST', '/api/v1/login', { headers, body: { name: 'nobody', password: 'nothing' } });
    const { body } = await plain.request('GET', '/api/v1/audit?pageSize=1');
    return (body.items?.[0]?.['after'] as Record<string, unknown>)['address'];
  };

  it('is the one that connects, whatever it says', async () => {
    expect(await addressSeenBy(plain)).toBe('127.0.0.1');
  });

  it('is the one that a trusted proxy names, and not what that one was told', async () => {
    expect(await addressSeenBy(open)).toBe('203.0.113.9');
  });
});
