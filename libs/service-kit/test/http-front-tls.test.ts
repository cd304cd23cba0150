import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '@lutra/model';
import { makeTlsMaterial, waitUntil } from '@lutra/testing';
import type { TlsMaterial } from '@lutra/testing';
import { Health } from '../src/health.ts';
import { openHttpFront } from '../src/http-front.ts';
import type { HttpFront } from '../src/http-front.ts';
import { startTelemetry } from '../src/telemetry.ts';
import type { Telemetry } from '../src/telemetry.ts';
import { tlsFilesOf } from '../src/tls-files.ts';
import type { TlsFiles } from '../src/tls-files.ts';

// Goal: the listener speaks TLS with the certificate that its files hold now, lets in whom it should, and waits for nobody.

const folder = mkdtempSync(join(tmpdir(), 'lutra-tls-'));
const [certificateFile, keyFile] = [join(folder, 'listener.pem'), join(folder, 'listener-key.pem')];
const logLines: string[] = [];
const log = pino(
  { level: 'warn' },
  {
    write: (line: string) => {
      logLines.push(line);
    },
  },
);
const health = new Health();
let material: TlsMaterial;
let telemetry: Telemetry;
let front: HttpFront | null = null;

const use = ({ certificateFile: from, privateKeyFile }: TlsMaterial['server']): void => {
  copyFileSync(from, certificateFile);
  copyFileSync(privateKeyFile, keyFile);
};
const open = async (tls: TlsFiles | null): Promise<HttpFront> => {
  front = await openHttpFront(
    { host: '127.0.0.1', port: 0 },
    { health, telemetry, clock: systemClock, log, tls, limits: { headersMs: 300, requestMs: 300 } },
  );
  return front;
};

beforeAll(async () => {
  material = await makeTlsMaterial(folder);
  telemetry = startTelemetry({ service: 'manager', instance: 'm', host: 'here', version: '0' }, {}, systemClock);
}, 60_000);

afterEach(async () => {
  await front?.close();
  front = null;
});

afterAll(async () => {
  await telemetry.shutdown();
  rmSync(folder, { recursive: true });
});

const answerOf = (port: number, options: ConnectionOptions = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path: '/health/live', ca: material.authority, agent: false, ...options },
      (response) => {
        response.resume();
        resolve(response);
      },
    );
    asked.on('error', reject);
    asked.end();
  });

const statusOf = async (port: number, options: ConnectionOptions = {}): Promise<number | undefined> =>
  (await answerOf(port, options)).statusCode;

/** Common name of the certificate that a new connection is shown. */
const nameAt = (port: number): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      resolve(CN);
    });
    socket.on('error', reject);
  });

describe('a listener with TLS', () => {
  it('shows its certificate, and after the files have changed the new one', async () => {
    use(material.server);
    const { port } = await open({ certificateFile, keyFile, clientAuthorityFile: null });
    expect(await statusOf(port)).toBe(200);
    expect(await nameAt(port)).toBe('localhost');
    use(material.addressOnly);
    await waitUntil(async () => (await nameAt(port)) === 'address', { what: 'the new certificate', timeoutMs: 60_000 });
    expect(await statusOf(port)).toBe(200);
  }, 30_000);

  it('keeps a browser to TLS once it was there', async () => {
    use(material.server);
    const { port } = await open({ certificateFile, keyFile, clientAuthorityFile: null });
    const { headers } = await answerOf(port);
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d{7,}$/);
  });

  it('keeps its certificate while the files do not fit each other', async () => {
    use(material.server);
    const { port } = await open({ certificateFile, keyFile, clientAuthorityFile: null });
    copyFileSync(material.nameOnly.certificateFile, certificateFile);
    await waitUntil(() => logLines.some((line) => line.includes('not replaced')), {
      what: 'the files to be looked at',
      timeoutMs: 60_000,
    });
    expect(await nameAt(port)).toBe('localhost');
    copyFileSync(material.nameOnly.privateKeyFile, keyFile);
    await waitUntil(async () => (await nameAt(port)) === 'name', { what: 'the new certificate', timeoutMs: 60_000 });
  }, 30_000);

  it('lets in who has a certificate of the authority of clients, and nobody else', async () => {
    use(material.server);
    const { port } = await open({ certificateFile, keyFile, clientAuthorityFile: material.authorityFile });
    const { certificate: cert, privateKey: key } = material.client;
    expect(await statusOf(port, { cert, key })).toBe(200);
    await expect(statusOf(port)).rejects.toThrow();
  });

  it.each([
    ['certificate without key', { LUTRA_HTTP_TLS_CERT_FILE: '/a' }],
    ['key without certificate', { LUTRA_HTTP_TLS_KEY_FILE: '/a' }],
    ['an authority of clients without both', { LUTRA_HTTP_TLS_CLIENT_CA_FILE: '/a' }],
  ])('is refused with %s', (_what, env) => {
    expect(() => tlsFilesOf(env)).toThrow(/CONFIG_ENV_INVALID/);
  });

  it('is refused with a file that is not there', async () => {
    const files = { certificateFile: join(folder, 'nothing'), keyFile, clientAuthorityFile: null };
    await expect(open(files)).rejects.toThrow(/CONFIG_ENV_INVALID/);
  });
});

it('a client that never ends its headers is cut off', async () => {
  const { port } = await open(null);
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connectPlain(port, '127.0.0.1', () => socket.write('GET /health/live HTTP/1.1\r\nHost: a\r\n'));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('close', () => {
      resolve(text);
    });
  });
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
}, 30_000);
