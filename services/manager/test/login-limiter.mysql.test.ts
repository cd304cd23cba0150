import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SyncError, systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { LoginLimiter } from '../src/sessions/login-limiter.ts';
import type { Attempt } from '../src/sessions/login-limiter.ts';
import { Store } from '../src/store/store.ts';
import { Installation } from './running-manager.ts';

// Goal: who guesses is slowed down, from one address and from many, and shuts no user out of where that one works.
// Method: a limiter on a real store; its clock is moved by the test.

const installation = new Installation();
let now = Date.parse('2026-01-01T00:00:00Z');
const clock: Clock = { ...systemClock, now: () => new Date(now) };
const store = new Store({ ...installation.store, database: installation.database }, systemClock);
const limiter = new LoginLimiter(store, clock);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Each attempt is some statements, a hundred of them in a test. */
jest.setTimeout(180_000);
let userId: string;

beforeAll(async () => {
  const manager = await installation.start();
  userId = await manager.create('users', { name: 'anna', password: 'correct horse battery', role: 'viewer' });
  await manager.stop();
  await store.open(() => Promise.resolve());
});

afterAll(async () => {
  await store.close('the test ends');
  await installation.close();
});

beforeEach(async () => {
  await store.run(async (manager) => {
    for (const table of ['login_attempt', 'login_network']) await manager.query(`DELETE FROM ${table}`);
  });
});

const at = (address: string, name = 'anna'): Attempt => ({ name, address });
/** 'tried' or 'blocked', for one attempt that fails. */
const fail = async (attempt: Attempt): Promise<string> => {
  try {
    await limiter.begin(attempt, () => Promise.resolve());
    return 'tried';
  } catch (error) {
    if (SyncError.is(error) && error.code === 'LOGIN_BLOCKED') return 'blocked';
    throw error;
  }
};
const logIn = async (attempt: Attempt): Promise<string> => {
  const outcome = await fail(attempt);
  if (outcome === 'tried') await limiter.succeed(attempt, userId);
  return outcome;
};
const failures = async (count: number, attempt: Attempt): Promise<string[]> => {
  const outcomes: string[] = [];
  for (let index = 0; index < count; index += 1) outcomes.push(await fail(attempt));
  return [...new Set(outcomes)];
};
/** As many failures as a name may have from all networks that are not known. */
const attack = async (): Promise<void> => {
  for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) await failures(10, at(address));
};

describe('guessing', () => {
  it('from one address is over after ten attempts, there and nowhere else', async () => {
    expect(await failures(10, at('203.0.113.1'))).toEqual(['tried']);
    expect(await failures(3, at('203.0.113.1'))).toEqual(['blocked']);
    expect(await logIn(at('198.51.100.1'))).toBe('tried');
  });

  it('from many addresses is over after thirty in a quarter of an hour, and then begins again', async () => {
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3'])
      expect([address, await failures(10, at(address))]).toEqual([address, ['tried']]);
    expect(await fail(at('203.0.113.4'))).toBe('blocked');
    now += 15 * MINUTE_MS - 1;
    expect(await fail(at('203.0.113.4'))).toBe('blocked');
    now += 1;
    expect(await fail(at('203.0.113.4'))).toBe('tried');
  });

  it('of many names from one address is over after fifty', async () => {
    for (let name = 0; name < 50; name += 1) expect(await fail(at('203.0.113.1', `n${String(name)}`))).toBe('tried');
    expect(await fail(at('203.0.113.1', 'another'))).toBe('blocked');
  });

  it('that is blocked at its address adds nothing to what the name has', async () => {
    await failures(20, at('203.0.113.1'));
    expect(await failures(10, at('203.0.113.2'))).toEqual(['tried']);
    expect(await failures(10, at('203.0.113.3'))).toEqual(['tried']);
  });

  it.each(['2001:db8::', '::ffff:203.0.113.1'])('is one network, whatever the end of %s', async (address) => {
    const ends = address.endsWith('::') ? ['1', '2:3', 'ffff'] : ['', '', ''];
    for (const end of ends) await failures(4, at(`${address}${end}`));
    expect(await fail(at(address.endsWith('::') ? `${address}9` : '203.0.113.1'))).toBe('blocked');
  });
});

describe('a user who has logged in from an address before', () => {
  it('still does while others guess from anywhere', async () => {
    expect(await logIn(at('198.51.100.1'))).toBe('tried');
    await attack();
    expect(await logIn(at('198.51.100.1'))).toBe('tried');
    // From elsewhere the user waits like everybody.
    expect(await logIn(at('198.51.100.2'))).toBe('blocked');
    now += 15 * MINUTE_MS;
    expect(await logIn(at('198.51.100.2'))).toBe('tried');
    await attack();
    expect(await logIn(at('198.51.100.2'))).toBe('tried');
  });

  it('has ten attempts there all the same', async () => {
    await logIn(at('198.51.100.1'));
    expect(await failures(10, at('198.51.100.1'))).toEqual(['tried']);
    expect(await logIn(at('198.51.100.1'))).toBe('blocked');
  });

  it('is not known there any more after ninety days, unless seen again', async () => {
    await logIn(at('198.51.100.1'));
    now += 89 * DAY_MS;
    await logIn(at('198.51.100.1'));
    now += 89 * DAY_MS;
    await attack();
    expect(await logIn(at('198.51.100.1'))).toBe('tried');
    now += 90 * DAY_MS;
    await attack();
    expect(await logIn(at('198.51.100.1'))).toBe('blocked');
  });

  it('takes back the own attempt, not the failures of others', async () => {
    for (const address of ['203.0.113.1', '203.0.113.2']) await failures(10, at(address));
    await failures(9, at('203.0.113.3'));
    expect(await logIn(at('198.51.100.1'))).toBe('tried');
    expect(await fail(at('203.0.113.3'))).toBe('tried');
    expect(await fail(at('203.0.113.4'))).toBe('blocked');
  });

  it('is known by no other name', async () => {
    await logIn(at('198.51.100.1'));
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) await failures(10, at(address, 'berta'));
    expect(await fail(at('198.51.100.1', 'berta'))).toBe('blocked');
  });
});
