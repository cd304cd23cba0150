import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writePrivateFile } from '../private-file.ts';

/** The secrets of one installation on this machine: made once, kept in a file that only its owner reads. */
export interface Credentials {
  readonly databaseRootPassword: string;
  readonly sourcePassword: string;
  readonly targetPassword: string;
  readonly managerPassword: string;
  readonly natsUser: string;
  readonly natsPassword: string;
  /** ZooKeeper digest, 'user:password'. */
  readonly zookeeperAuth: string;
  /** 32 bytes in base64 (LUTRA_SECRET_KEY). */
  readonly secretKey: string;
}

/** Reads the installation's secrets below `folder`, or makes them. */
export function credentialsIn(folder: string): Credentials {
  const file = join(folder, 'credentials.json');
  const known = readIfThere(file);
  if (known !== null) return JSON.parse(known) as Credentials;
  const made: Credentials = {
    databaseRootPassword: secret(),
    sourcePassword: secret(),
    targetPassword: secret(),
    managerPassword: secret(),
    natsUser: 'lutra',
    natsPassword: secret(),
    zookeeperAuth: `lutra:${secret()}`,
    secretKey: randomBytes(32).toString('base64'),
  };
  writePrivateFile(file, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}

const secret = (): string => randomBytes(18).toString('base64url');
