import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import type { ServerAddress } from '@lutra/model';
import { probeOracle } from '@lutra/sql';
import type { OracleAccess, OracleFacts } from '@lutra/sql';
import { oracleFailure } from '../../src/oracle/oracle-failure.ts';
import { OracleListener } from './oracle-listener.ts';
import type { ListenerAnswer } from './oracle-listener.ts';

// Goal: a database that cannot be reached is told from one that refuses the account, whatever the driver calls it.
// Method: the real driver against a listener of our own, which refuses, hangs up or says nothing.

let listener: OracleListener | null = null;
afterEach(async () => {
  await listener?.close();
  listener = null;
});

const probe = (address: ServerAddress, name: OracleAccess['name'] = { service: 'FREEPDB1' }): Promise<OracleFacts> =>
  probeOracle({ ...address, name, user: 'SYNC', password: 'pw' }, systemClock);

async function answering(answer: ListenerAnswer): Promise<ServerAddress> {
  listener = await OracleListener.start(answer);
  return listener.address;
}

describe('probeOracle', () => {
  it.each<[string, ListenerAnswer]>([
    ['a service that the listener does not know', { refuses: 12_514 }],
    ['a database that takes nobody', { refuses: 12_528 }],
    ['a listener that hangs up', 'closes'],
  ])('%s cannot be reached', async (_what, answer) => {
    const address = await answering(answer);
    await expect(probe(address)).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${String(address.port)}`) as unknown,
    });
  });

  it('asks for the service or for the SID', async () => {
    const address = await answering({ refuses: 12_514 });
    await expect(probe(address)).rejects.toThrow();
    await expect(probe(address, { sid: 'ORCL' })).rejects.toThrow();
    expect(listener?.asked.join('')).toContain('SERVICE_NAME=FREEPDB1');
    expect(listener?.asked.join('')).toContain('SID=ORCL');
  });

  it('a port without a listener cannot be reached', async () => {
    const address = await answering('closes');
    await listener?.close();
    listener = null;
    await expect(probe(address)).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });

  it('gives up on a listener that says nothing', async () => {
    const address = await answering('is silent');
    await expect(probe(address)).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
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
