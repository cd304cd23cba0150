import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { connectTo, makeTlsMaterial, OwnServer, waitUntil } from '@lutra/testing';
import type { TlsMaterial } from '@lutra/testing';
import { ManagerEnv } from '../src/manager.env.ts';
import { Store } from '../src/store/store.ts';
import { storeOptionsOf } from '../src/store/store-options.ts';

// Goal: the store is reached by TLS with a certificate of the manager's, and with the next one after it was replaced.
// Method: a server of its own whose user needs a certificate; files that are replaced while the store is open.

const folder = mkdtempSync(join(tmpdir(), 'lutra-store-tls-'));
const [caFile, certFile, keyFile] = ['ca.pem', 'client.pem', 'client-key.pem'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
let material: TlsMaterial;
let server: OwnServer;

const sql = async (...statements: readonly string[]): Promise<void> => {
  const connection = await connectTo(server);
  for (const statement of statements) await connection.query(statement);
  await connection.end();
};
const show = ({ certificate, privateKey }: { readonly certificate: string; readonly privateKey: string }): void => {
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, privateKey);
};
const options = (given: Partial<ManagerEnv> = {}) =>
  storeOptionsOf(
    Object.assign(new ManagerEnv(), {
      MANAGER_DATABASE_HOST: server.host,
      MANAGER_DATABASE_PORT: server.port,
      MANAGER_DATABASE_USER: 'lutra',
      MANAGER_DATABASE_PASSWORD: 'Secret-1',
      MANAGER_DATABASE_TLS: 'verifyIdentity',
      MANAGER_DATABASE_TLS_CA_FILE: caFile,
      MANAGER_DATABASE_TLS_CERT_FILE: certFile,
      MANAGER_DATABASE_TLS_KEY_FILE: keyFile,
      ...given,
    }),
  );

beforeAll(async () => {
  material = await makeTlsMaterial(folder);
  server = await OwnServer.start({ program: 'mariadb', extra: material.server.options });
  writeFileSync(caFile, material.authority);
  show(material.client);
  await sql("CREATE USER lutra IDENTIFIED BY 'Secret-1' REQUIRE SUBJECT '/CN=client'", 'GRANT ALL ON *.* TO lutra');
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('the store behind TLS', () => {
  it('is opened with a certificate, and used with the next one from the next connection on', async () => {
    const store = new Store(options(), systemClock);
    await store.open(() => Promise.resolve());
    const read = (): Promise<unknown> => store.run((manager) => manager.query("SHOW STATUS LIKE 'Ssl_cipher'"));
    expect(JSON.stringify(await read())).toMatch(/TLS_|AES|CHACHA/);
    show(material.addressOnly);
    await sql("ALTER USER lutra REQUIRE SUBJECT '/CN=address'", "KILL USER 'lutra'");
    await waitUntil(async () => JSON.stringify(await read()).includes('Ssl_cipher'), {
      what: 'the store to be used with the new certificate',
      timeoutMs: 60_000,
    });
    await store.close('the test is over');
    show(material.client);
    await expect(new Store(options(), systemClock).open(() => Promise.resolve())).rejects.toMatchObject({
      code: 'STORE_ACCESS_DENIED',
    });
  });

  it.each<[string, Partial<ManagerEnv>, RegExp]>([
    ['a certificate without its key', { MANAGER_DATABASE_TLS_KEY_FILE: undefined }, /takes both/],
    ['files without TLS', { MANAGER_DATABASE_TLS: 'disabled' }, /MANAGER_DATABASE_TLS is disabled/],
  ] as [string, Partial<ManagerEnv>, RegExp][])('%s is refused', (_what, given, expected) => {
    expect(() => options(given)).toThrow(expected);
  });

  it('a file that is not there is named', () => {
    const open = (): Promise<void> =>
      new Store(options({ MANAGER_DATABASE_TLS_CA_FILE: '/none.pem' }), systemClock).open(() => Promise.resolve());
    return expect(open()).rejects.toThrow('/none.pem');
  });

  it('a server whose name is not in its certificate is refused', async () => {
    show(material.addressOnly);
    await server.restart(material.wrongHost.options);
    await expect(new Store(options(), systemClock).open(() => Promise.resolve())).rejects.toThrow(/STORE_UNREACHABLE/);
  });
});
