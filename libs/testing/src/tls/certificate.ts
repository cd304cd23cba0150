import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import {
  derBits,
  derBoolean,
  derBytes,
  derInteger,
  derObjectId,
  derSequence,
  derSet,
  derTime,
  derUtf8,
  derValue,
} from './der.ts';

/** A certificate with its private key. */
export interface Certificate {
  readonly commonName: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  readonly key: KeyObject;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Host names and IPv4 addresses that it is valid for; none for an authority. */
  readonly hosts: readonly string[];
  /** Who signs; `null` = an authority that signs itself. */
  readonly issuer: Certificate | null;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const SHA256_WITH_RSA = derSequence(derObjectId('1.2.840.113549.1.1.11'), derValue(0x05));
const COMMON_NAME = derObjectId('2.5.4.3');
const BASIC_CONSTRAINTS = derObjectId('2.5.29.19');
const SUBJECT_ALTERNATIVE_NAME = derObjectId('2.5.29.17');

const newKeyPair = promisify(generateKeyPair);

/**
 * Makes an RSA key and an X.509 v3 certificate (RFC 5280, 4.1) for tests, so that none has to be kept in the repository
 * and openssl need not be there.
 */
export async function makeCertificate(request: CertificateRequest): Promise<Certificate> {
  const { commonName, issuer } = request;
  const { publicKey, privateKey } = await newKeyPair('rsa', { modulusLength: 2048 });
  const toBeSigned = derSequence(
    // Version 3.
    derValue(0xa0, derInteger(2n)),
    derInteger(BigInt(`0x40${randomBytes(8).toString('hex')}`)),
    SHA256_WITH_RSA,
    distinguishedName(issuer?.commonName ?? commonName),
    derSequence(derTime(request.notBefore), derTime(request.notAfter)),
    distinguishedName(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    derValue(0xa3, derSequence(...extensions(request))),
  );
  const signature = sign('sha256', toBeSigned, issuer?.key ?? privateKey);
  return {
    commonName,
    certificate: pem(derSequence(toBeSigned, SHA256_WITH_RSA, derBits(signature))),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    key: privateKey,
  };
}

function extensions({ hosts, issuer }: CertificateRequest): Buffer[] {
  if (issuer === null) {
    const isAuthority = derSequence(derBoolean(true));
    return [derSequence(BASIC_CONSTRAINTS, derBoolean(true), derBytes(isAuthority))];
  }
  const names = hosts.map((host) =>
    isIP(host) === 4
      ? derValue(0x87, Buffer.from(host.split('.').map(Number)))
      : derValue(0x82, Buffer.from(host, 'ascii')),
  );
  return [derSequence(SUBJECT_ALTERNATIVE_NAME, derBytes(derSequence(...names)))];
}

const distinguishedName = (commonName: string): Buffer =>
  derSequence(derSet(derSequence(COMMON_NAME, derUtf8(commonName))));

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
