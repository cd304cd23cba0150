import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { probeOracle } from '@lutra/sql';
import type { OracleAccess, OracleFacts } from '@lutra/sql';
import { OracleDouble, scriptedOracle, selfDescription } from '@lutra/testing';
import type { OracleDoubleOptions, OracleFault, OracleStep } from '@lutra/testing';
import { oracleFailure } from '../../src/oracle/oracle-failure.ts';

// Goal: an Oracle database tells what it is; one that cannot be reached is told from one that refuses the account, whatever
// the driver calls it.
// Method: the real driver, over a real socket, against a double of listener, login and statements.

let double: OracleDouble;
afterEach(() => double.close());

async function start(options: OracleDoubleOptions = {}): Promise<void> {
  double = await OracleDouble.start({ users: { SYNC: 'pw' }, engine: scriptedOracle(selfDescription()), ...options });
}

const probe = (change: Partial<OracleAccess> = {}, clock: Clock = systemClock): Promise<OracleFacts> =>
  probeOracle({ ...double.address, name: { service: 'FREEPDB1' }, user: 'SYNC', password: 'pw', ...change }, clock);

describe('probeOracle', () => {
  it('tells version, account, character sets, time zone, privileges and clock', async () => {
    const privileges = ['CREATE SESSION', 'SELECT ANY DICTIONARY'];
    const engine = scriptedOracle(
      selfDescription({ charset: 'WE8ISO8859P15', zone: '-03:30', privileges, clockAheadMs: 3_600_000 }),
    );
    await start({ version: '19.3.0.0.0', engine });
    const { clockAheadMs, ...facts } = await probe();
    expect(double.misunderstood).toEqual([]);
    expect(facts).toEqual({
      version: '19.3.0.0.0',
      account: 'SYNC',
      variables: {
        nls_characterset: 'WE8ISO8859P15',
        nls_nchar_characterset: 'AL16UTF16',
        dbtimezone: '-03:30',
      },
      privileges,
    });
    // The answer is exact to a second, and the machine may have been busy.
    expect(Math.abs(clockAheadMs - 3_600_000)).toBeLessThan(60_000);
  });

  it('tells hundreds of privileges', async () => {
    const privileges = Array.from({ length: 450 }, (_, index) => `PRIVILEGE ${String(index)} ${'x'.repeat(index)}`);
    await start({ engine: scriptedOracle(selfDescription({ privileges })) });
    expect((await probe()).privileges).toEqual(privileges);
  });

  it.each<[string, Partial<OracleAccess>]>([
    ['a wrong password', { password: 'other' }],
    ['a password with a blank behind it', { password: 'pw ' }],
    ['an unknown account', { user: 'NOBODY' }],
  ])('%s is refused', async (_what, change) => {
    await start();
    await expect(probe(change)).rejects.toMatchObject({
      code: 'TARGET_ACCESS_DENIED',
      message: expect.stringContaining('ORA-01017') as unknown,
    });
    expect([double.statements, double.misunderstood]).toEqual([[], []]);
  });

  it('a statement that is refused is no lack of a database', async () => {
    await start({ engine: scriptedOracle(selfDescription().slice(0, 2)) });
    await expect(probe()).rejects.toMatchObject({
      code: 'INTERNAL',
      cause: { message: expect.stringContaining('ORA-00942') as unknown },
    });
  });

  it('asks for the service or for the SID', async () => {
    await start({ service: 'ORCL' });
    await expect(probe({ name: { service: 'FREEPDB1' } })).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining('FREEPDB1') as unknown,
    });
    expect((await probe({ name: { sid: 'ORCL' } })).account).toBe('SYNC');
    expect(double.asked.join('')).toMatch(/SERVICE_NAME=FREEPDB1.*SID=ORCL/);
  });

  it.each<[string, OracleStep, OracleFault]>([
    ['a database that takes nobody', 'connect', { refuses: 12_528 }],
    ['a listener that hangs up', 'connect', 'hangs up'],
    ['a listener whose answer is cut', 'connect', 'cuts'],
    ['a login that is cut in the middle', 'login', 'cuts'],
    ['a login whose line is gone', 'login', 'hangs up'],
    ['an answer that is cut in the middle', 'statement', 'cuts'],
    ['a statement whose line is gone', 'statement', 'hangs up'],
  ])('%s cannot be reached', async (_what, step, fault) => {
    await start();
    double.breakAt(step, fault);
    await expect(probe()).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${String(double.address.port)}`) as unknown,
    });
  });

  it('a port without a listener cannot be reached', async () => {
    await start();
    await double.close();
    await expect(probe()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });

  it.each<[string, OracleStep]>([
    ['a login', 'login'],
    ['a statement', 'statement'],
  ])('gives up on %s that is not answered', async (_what, step) => {
    await start();
    double.breakAt(step, 'hangs');
    // The limit is over as soon as the database hangs.
    const hanging = double.hanging();
    await expect(probe({}, { ...systemClock, sleep: () => hanging })).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining('did not answer within 15 s') as unknown,
    });
  });

  it('gives up on a listener that says nothing', async () => {
    await start();
    double.breakAt('connect', 'hangs');
    await expect(probe()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
  }, 30_000);
});

describe('oracleFailure', () => {
  it.each([
    ['ORA-01017', 'TARGET_ACCESS_DENIED'],
    ['ORA-28000', 'TARGET_ACCESS_DENIED'],
    ['ORA-28001', 'TARGET_ACCESS_DENIED'],
    ['NJS-500', 'TARGET_UNREACHABLE'],
    ['NJS-123', 'TARGET_UNREACHABLE'],
    ['ORA-12541', 'TARGET_UNREACHABLE'],
    ['ORA-01033', 'TARGET_UNREACHABLE'],
    ['ECONNREFUSED', 'TARGET_UNREACHABLE'],
    ['ORA-00942', 'INTERNAL'],
  ])('%s is %s', (code, expected) => {
    const thrown = Object.assign(new Error(`${code}: it says\nHelp: elsewhere`), { code });
    const failure = oracleFailure(thrown, { host: 'db', port: 1521 });
    expect(failure.code).toBe(expected);
    if (expected !== 'INTERNAL') expect(failure.message).toMatch(/db:1521.*it says$/);
  });
});
