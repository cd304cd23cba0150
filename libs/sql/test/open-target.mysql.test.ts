/**
 * Goal: a target is what its certificate says, also when the data source names it by its address.
 * Method: servers of our own that present one certificate after the other, of an authority of our own.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@lutra/model';
import type { DataSourceDefinition } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import { makeTlsMaterial, OwnServer } from '@lutra/testing';
import { dataSource } from './target-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'lutra-target-tls-'));
const material = await makeTlsMaterial(folder);
const { authority, otherAuthority } = material;
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe.each(['mariadb', 'mysql'] as const)('a target on %s', (program) => {
  let server: OwnServer;

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra: material.addressOnly.options });
  });
  afterAll(() => server.close());

  /** The cipher of a session; '' in clear. */
  async function cipherOf(change: Partial<DataSourceDefinition>): Promise<unknown> {
    const session = await openTarget({ ...dataSource(server), ...change }, server.password, { clock: systemClock });
    try {
      const [row] = await session.query("SHOW STATUS LIKE 'Ssl_cipher'");
      return row?.['Value'];
    } finally {
      await session.close();
    }
  }
  const verified = { tls: 'verifyIdentity', tlsCa: authority } as const;
  const refused = { code: 'TARGET_UNREACHABLE', message: expect.stringMatching(/certificate/i) as unknown };

  it('is opened without TLS, with any certificate, and with one of the authority', async () => {
    expect(await cipherOf({ tls: 'disabled' })).toBe('');
    expect(await cipherOf({ tls: 'required', host: 'localhost' })).toMatch(/AES|CHACHA/);
    expect(await cipherOf({ tls: 'verifyCa', tlsCa: authority, host: 'localhost' })).toMatch(/AES|CHACHA/);
    await expect(cipherOf({ tls: 'verifyCa', tlsCa: otherAuthority })).rejects.toMatchObject(refused);
  });

  it('is shown a certificate when it asks for one', async () => {
    const admin = await openTarget(dataSource(server), server.password, { clock: systemClock });
    await admin.query("CREATE USER certified IDENTIFIED BY 'Secret-1' REQUIRE X509");
    await admin.query('GRANT ALL ON *.* TO certified');
    await admin.close();
    const { certificate: tlsCert, privateKey: tlsKey } = material.client;
    const definition = { ...dataSource(server, { user: 'certified' }), tls: 'required', tlsCert } as const;
    const session = await openTarget(definition, { password: 'Secret-1', tlsKey }, { clock: systemClock });
    expect(session.isOpen).toBe(true);
    await session.close();
    await expect(openTarget(definition, 'Secret-1', { clock: systemClock })).rejects.toMatchObject({
      code: 'TARGET_ACCESS_DENIED',
    });
  });

  it('is the address that its certificate is for, and no name', async () => {
    expect(await cipherOf({ ...verified, host: '127.0.0.1' })).toMatch(/AES|CHACHA/);
    await expect(cipherOf({ ...verified, host: 'localhost' })).rejects.toMatchObject(refused);
  });

  it('is the name that its certificate is for, and not the address that it stands for', async () => {
    await server.restart(material.nameOnly.options);
    expect(await cipherOf({ ...verified, host: 'localhost' })).toMatch(/AES|CHACHA/);
    await expect(cipherOf({ ...verified, host: '127.0.0.1' })).rejects.toMatchObject(refused);
  });
});
