// Goal: a session whose server is behind a dead network can be ended: its caller hears of it at once, not after the limit of
// two minutes, and nothing hangs.
// Method: a session through a proxy that swallows everything from some moment on; it is destroyed while an answer is awaited.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { systemClock, SyncError } from '@lutra/model';
import { FaultProxy, testServers, waitUntil } from '@lutra/testing';
import { openTarget } from '../src/index.ts';

let proxy: FaultProxy;

beforeAll(async () => {
  proxy = await FaultProxy.open(testServers().mariadbTarget);
});
afterAll(() => proxy.close());
afterEach(() => {
  proxy.apply({ kind: 'pass' });
});

it('a statement that waits for a dead server fails when its session is ended', async () => {
  const { kind, user, password } = testServers().mariadbTarget;
  const session = await openTarget(
    { id: 't', name: 't', kind, host: proxy.host, port: proxy.port, user, password: '', tls: 'disabled' },
    password,
    { clock: systemClock },
  );
  proxy.apply({ kind: 'hole' });
  let failure: unknown = null;
  const asking = session.query('SELECT 1 AS one').catch((error: unknown) => {
    failure = error;
  });
  await waitUntil(() => proxy.effect.bytes > 0, { what: 'the statement to be lost', timeoutMs: 60_000 });
  expect(failure).toBeNull();
  session.destroy();
  await asking;
  expect(SyncError.is(failure) && failure.code).toBe('TARGET_CONNECTION_LOST');
  await expect(session.query('SELECT 1 AS one')).rejects.toMatchObject({ code: 'TARGET_CONNECTION_LOST' });
});

it('a session that loses its server between the handshake and its settings is given up in time', async () => {
  const { kind, user, password } = testServers().mariadbTarget;
  const before = proxy.acceptedCount;
  proxy.apply({ kind: 'delay', ms: 40, jitterMs: 0 });
  const opening = openTarget(
    { id: 't', name: 't', kind, host: proxy.host, port: proxy.port, user, password: '', tls: 'disabled' },
    password,
    { clock: systemClock, connectTimeoutMs: 1_000 },
  );
  const failure = opening.then(
    () => 'opened',
    (error: unknown) => (SyncError.is(error) ? error.code : error),
  );
  // More than the greeting, the login and its answer: the settings are on their way.
  await waitUntil(() => proxy.acceptedCount > before && proxy.effect.bytes > 500, {
    what: 'the handshake',
    timeoutMs: 60_000,
  });
  proxy.apply({ kind: 'hole' });
  expect(await failure).toBe('TARGET_UNREACHABLE');
});
