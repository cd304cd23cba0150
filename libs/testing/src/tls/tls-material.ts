import { join } from 'node:path';
import { writePrivateFile } from '../private-file.ts';
import { makeCertificate } from './certificate.ts';
import type { Certificate } from './certificate.ts';

/** A server's certificate, and the options with which MySQL and MariaDB present it. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  readonly certificateFile: string;
  readonly privateKeyFile: string;
  readonly options: readonly string[];
}

/** Certificates for tests of TLS: everything that a client has to accept or to refuse. */
export interface TlsMaterial {
  /** PEM of the authority that signed all that follow. */
  readonly authority: string;
  readonly authorityFile: string;
  /** PEM of another authority, which signed none of them. */
  readonly otherAuthority: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: ServerCertificate;
  /** By the same authority, for localhost only and for 127.0.0.1 only. */
  readonly nameOnly: ServerCertificate;
  readonly addressOnly: ServerCertificate;
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
  const [server, nameOnly, addressOnly, wrongHost, expired, client] = await Promise.all([
    makeCertificate({ commonName: 'localhost', hosts, issuer: authority, ...month }),
    makeCertificate({ commonName: 'name', hosts: ['localhost'], issuer: authority, ...month }),
    makeCertificate({ commonName: 'address', hosts: ['127.0.0.1'], issuer: authority, ...month }),
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
    const privateKeyFile = join(folder, `${name}-key.pem`);
    writePrivateFile(certificateFile, certificate);
    writePrivateFile(privateKeyFile, privateKey);
    const options = [`--ssl-ca=${authorityFile}`, `--ssl-cert=${certificateFile}`, `--ssl-key=${privateKeyFile}`];
    return { certificate, privateKey, certificateFile, privateKeyFile, options };
  };
  return {
    authority: authority.certificate,
    authorityFile,
    otherAuthority: otherAuthority.certificate,
    server: present('server', server),
    nameOnly: present('name-only', nameOnly),
    addressOnly: present('address-only', addressOnly),
    wrongHost: present('wrong-host', wrongHost),
    expired: present('expired', expired),
    client: { certificate: client.certificate, privateKey: client.privateKey },
  };
}
