import { describe, expect, it } from '@jest/globals';
import { natsTlsOf } from '../src/nats-tls.ts';

const file = import.meta.filename;

describe('TLS files for NATS', () => {
  it.each([
    ['none', {}, null],
    ['an authority alone', { LUTRA_NATS_TLS_CA_FILE: file }, { caFile: file }],
    [
      'a certificate with its key',
      { LUTRA_NATS_TLS_CERT_FILE: file, LUTRA_NATS_TLS_KEY_FILE: file },
      { certFile: file, keyFile: file },
    ],
  ])('%s is taken', (_what, env, expected) => {
    expect(natsTlsOf(env)).toEqual(expected);
  });

  it.each([
    ['a certificate without its key', { LUTRA_NATS_TLS_CERT_FILE: file }, /takes both/],
    ['a file that is not there', { LUTRA_NATS_TLS_CA_FILE: '/none.pem' }, /\/none\.pem/],
  ])('%s is refused at the start', (_what, env, expected) => {
    expect(() => natsTlsOf(env)).toThrow(expected);
  });
});
