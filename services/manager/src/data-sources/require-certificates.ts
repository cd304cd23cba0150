import { createPrivateKey, X509Certificate } from 'node:crypto';
import { refuseField } from '../http/refuse-field.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Every certificate of the text can be read. Throws REQUEST_INVALID naming the field. */
export function requireCertificates(pem: string, field: 'tlsCa' | 'tlsCert'): void {
  readCertificates(pem, field);
}

/** The key belongs to the certificate, the first of the chain. Throws REQUEST_INVALID. */
export function requireKeyPair(certificate: string, key: string): void {
  const [first] = readCertificates(certificate, 'tlsCert');
  let isPair = false;
  try {
    isPair = first?.checkPrivateKey(createPrivateKey(key)) === true;
  } catch {
    // What the reader says may repeat a part of the key.
    refuseField('tlsKey', 'tlsKey must be a private key in PEM, without a pass phrase');
  }
  if (!isPair) refuseField('tlsKey', 'tlsKey is not the private key of tlsCert');
}

function readCertificates(pem: string, field: string): readonly X509Certificate[] {
  const blocks = pem.match(BLOCK) ?? [];
  const rest = pem.replaceAll(BLOCK, '');
  try {
    // Words around the certificates are allowed, as tools print them, as long as every store can hold them.
    if (blocks.length > 0 && /^[\x20-\x7e\s]*$/.test(rest) && !rest.includes('-----BEGIN'))
      return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Said below.
  }
  return refuseField(field, `${field} must hold certificates in PEM`);
}
