import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority extends Certificate {
  /** A certificate for a server with these names: host names, or addresses of IPv4. */
  issue(names: readonly string[]): Certificate;
}

const KEY_BITS = 2048;
const TAG = { boolean: 0x01, bits: 0x03, octets: 0x04, oid: 0x06, text: 0x0c, time: 0x18, sequence: 0x30, set: 0x31 };
/** sha256WithRSAEncryption, commonName, subjectAltName, basicConstraints. */
const OID = {
  sha256WithRsa: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
};

/** An authority for tests: X.509 version 3 (RFC 5280), RSA, valid from 2020 to 2099. Nothing of it leaves the process. */
export function makeCertificateAuthority(name: string): CertificateAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const isAuthority = der(TAG.sequence, der(TAG.boolean, Buffer.from([0xff])));
  const authority = { issuer: name, issuerKey: privateKey };
  const extensions = [extension(OID.basicConstraints, isAuthority)];
  const cert = makeCertificate({ ...authority, subject: name, publicKey, extensions });
  return {
    cert,
    key: pemOf(privateKey),
    issue: (names) => {
      const pair = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
      const list = der(TAG.sequence, ...names.map(alternativeName));
      const made = { ...authority, subject: `server of ${name}`, publicKey: pair.publicKey };
      const extensions = [extension(OID.subjectAltName, list)];
      return { cert: makeCertificate({ ...made, extensions }), key: pemOf(pair.privateKey) };
    },
  };
}

let serial = 0;

function makeCertificate(of: {
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}): string {
  const algorithm = der(TAG.sequence, der(TAG.oid, Buffer.from(OID.sha256WithRsa)), Buffer.from([5, 0]));
  const time = (text: string): Buffer => der(TAG.time, Buffer.from(text));
  serial++;
  const content = der(
    TAG.sequence,
    der(0xa0, Buffer.from([2, 1, 2])),
    der(0x02, Buffer.from([1, serial >> 8, serial & 0xff])),
    algorithm,
    distinguishedName(of.issuer),
    der(TAG.sequence, time('20200101000000Z'), time('20991231000000Z')),
    distinguishedName(of.subject),
    of.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(TAG.sequence, ...of.extensions)),
  );
  const signature = der(TAG.bits, Buffer.from([0]), sign('sha256', content, of.issuerKey));
  const lines =
    der(TAG.sequence, content, algorithm, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

const distinguishedName = (name: string): Buffer => {
  const attribute = der(TAG.sequence, der(TAG.oid, Buffer.from(OID.commonName)), der(TAG.text, Buffer.from(name)));
  return der(TAG.sequence, der(TAG.set, attribute));
};

const alternativeName = (name: string): Buffer =>
  isIP(name) === 4 ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name));

const extension = (oid: readonly number[], value: Buffer): Buffer =>
  der(TAG.sequence, der(TAG.oid, Buffer.from(oid)), der(TAG.octets, value));

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Tag, length, content (X.690, distinguished encoding rules). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const short = [length];
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? short : long)]), content]);
}
