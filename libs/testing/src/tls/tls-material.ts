import { join } from 'node:path';
import { writePrivateFile } from '../private-file.ts';
import { makeCertificate } from './certificate.ts';
import type { Certificate } from './certificate.ts';

/** A server's certificate, and the options with which MySQL and MariaDB present it. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  readonly options: readonly string[];
}

/** Certificates for tests of TLS: everything that a client has to accept or to refuse. */
export interface TlsMaterial {
  /** PEM of the authority that signed all of `server`, `wrongHost`, `expired` and `client`. */
  readonly authority: string;
  readonly authorityFile: string;
  /** PEM of another authority, which signed none of them. */
  readonly otherAuthority: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: ServerCertificate;
  /** By the same authority, for a host name that is not this machine's. */
  readonly wrongHost: ServerCertificate;
  /** By the same authority, valid until yesterday. */
  readonly expired: ServerCertificate;
  readonly client: { readonly certificate: string; readonly privateKey: string };
}

const DAY_MS = 86_400_000;

/** Makes a set of certificates and writes them into `folder`, where servers read them. Valid for a month. */
export async function makeTlsMaterial(folder: string): Promise<TlsMaterial> {
  const now = Date.now();
  const notBefore = new Date(now - 30 * DAY_MS);
  const month = { notBefore, notAfter: new Date(now + 30 * DAY_MS) };
  const [authority, otherAuthority] = await Promise.all(
    ['Lutra test authority', 'Another authority'].map((commonName) =>
      makeCertificate({ commonName, hosts: [], issuer: null, ...month }),
    ) as [Promise<Certificate>, Promise<Certificate>],
  );
  const hosts = ['localhost', '127.0.0.1'];
  const [server, wrongHost, expired, client] = await Promise.all([
    makeCertificate({ commonName: 'localhost', hosts, issuer: authority, ...month }),
    makeCertificate({ commonName: 'other.example', hosts: ['other.example'], issuer: authority, ...month }),
    makeCertificate({
      commonName: 'localhost',
      hosts,
      issuer: authority,
      notBefore,
      notAfter: new Date(now - DAY_MS),
    }),
    makeCertificate({ commonName: 'client', hosts: ['client.example'], issuer: authority, ...month }),
  ]);
  const authorityFile = join(folder, 'authority.pem');
  writePrivateFile(authorityFile, authority.certificate);
  const present = (name: string, { certificate, privateKey }: Certificate): ServerCertificate => {
    const certificateFile = join(folder, `${name}.pem`);
    const keyFile = join(folder, `${name}-key.pem`);
    writePrivateFile(certificateFile, certificate);
    writePrivateFile(keyFile, privateKey);
    const options = [`--ssl-ca=${authorityFile}`, `--ssl-cert=${certificateFile}`, `--ssl-key=${keyFile}`];
    return { certificate, privateKey, options };
  };
  return {
    authority: authority.certificate,
    authorityFile,
    otherAuthority: otherAuthority.certificate,
    server: present('server', server),
    wrongHost: present('wrong-host', wrongHost),
    expired: present('expired', expired),
    client: { certificate: client.certificate, privateKey: client.privateKey },
  };
}
