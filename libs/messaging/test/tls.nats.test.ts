// Goal: a bus that is told to use TLS uses it or nothing, shows its certificate, and goes over to a new one without a stop.
// Method: a NATS server of its own that wants certificates of its clients; files that are replaced.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Clock } from '@lutra/model';
import { makeTlsMaterial, OwnNats, testServers, waitUntil } from '@lutra/testing';
import type { TlsMaterial } from '@lutra/testing';
import { NatsLink } from '../src/nats/nats-link.ts';

const folder = mkdtempSync(join(tmpdir(), 'lutra-nats-tls-'));
const [caFile, certFile, keyFile] = ['ca.pem', 'client.pem', 'client-key.pem'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
let material: TlsMaterial;
let nats: OwnNats;

/** The first attempt is the only one. */
const hurriedClock = (): Clock => {
  let nowMs = 0;
  return {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    sleep: () => {
      nowMs += 31_000;
      return Promise.resolve();
    },
    callAfter: () => () => undefined,
  };
};

const serverTls = ({ server, authorityFile }: TlsMaterial) => ({
  certificateFile: server.certificateFile,
  privateKeyFile: server.privateKeyFile,
  clientAuthorityFile: authorityFile,
});
const use = ({ authority, client }: TlsMaterial): void => {
  writeFileSync(caFile, authority);
  writeFileSync(certFile, client.certificate);
  writeFileSync(keyFile, client.privateKey);
};
const login = () => ({ name: 'test', servers: nats.servers, user: nats.user, password: nats.password });

beforeAll(async () => {
  material = await makeTlsMaterial(folder);
  nats = await OwnNats.start(serverTls(material));
  use(material);
});

afterAll(async () => {
  await nats.close();
  rmSync(folder, { recursive: true });
});

describe('TLS to NATS', () => {
  it('shows a certificate and goes on with another one after the server has changed its own', async () => {
    const link = await NatsLink.open({ ...login(), tls: { caFile, certFile, keyFile } });
    try {
      expect(link.isHealthy).toBe(true);
      const other = mkdtempSync(join(folder, 'other-'));
      const renewed = await makeTlsMaterial(other);
      await nats.stop();
      await waitUntil(() => !link.isHealthy, { what: 'the link to notice', timeoutMs: 60_000 });
      // Nothing of the former authority counts any more, on either side.
      use(renewed);
      await nats.start(serverTls(renewed));
      await waitUntil(() => link.isHealthy, { what: 'the link to come back', timeoutMs: 60_000 });
      await nats.stop();
      use(material);
      await nats.start(serverTls(material));
    } finally {
      await link.close();
    }
  });

  it.each([
    ['without a certificate', () => ({ ...login(), tls: { caFile } })],
    ['to a server whose authority it does not know', () => ({ ...login(), tls: { certFile, keyFile } })],
    ['to a server that has none', () => ({ ...testServers().nats, name: 'test', tls: { caFile } })],
  ])('is not made %s', async (_what, options) => {
    await expect(NatsLink.open(options(), hurriedClock())).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
  });
});
