import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTlsMaterial } from '@lutra/testing';
import type { TlsMaterial } from '@lutra/testing';

describe('certificates for tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lutra-tls-'));
  let material: TlsMaterial;

  beforeAll(async () => {
    material = await makeTlsMaterial(folder);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are signed by the authority, and not by the other one', () => {
    const authority = new X509Certificate(material.authority);
    const other = new X509Certificate(material.otherAuthority);
    expect(authority.ca).toBe(true);
    for (const { certificate } of [material.server, material.wrongHost, material.expired, material.client]) {
      const signed = new X509Certificate(certificate);
      expect(signed.ca).toBe(false);
      expect(signed.verify(authority.publicKey)).toBe(true);
      expect(signed.checkIssued(authority)).toBe(true);
      expect(signed.verify(other.publicKey)).toBe(false);
    }
  });

  it('name their hosts and hold their keys', () => {
    const server = new X509Certificate(material.server.certificate);
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.checkHost('localhost')).toBe('localhost');
    const wrong = new X509Certificate(material.wrongHost.certificate);
    expect(wrong.checkIP('127.0.0.1')).toBeUndefined();
    expect(wrong.checkHost('localhost')).toBeUndefined();
    expect(Date.parse(server.validTo)).toBeGreaterThan(Date.now());
    expect(Date.parse(new X509Certificate(material.expired.certificate).validTo)).toBeLessThan(Date.now());
  });

  it('are read by their owner only', () => {
    expect(statSync(join(folder, 'server-key.pem')).mode & 0o777).toBe(0o600);
  });
});
