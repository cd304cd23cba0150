import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, normalize, sep } from 'node:path';
import { keyIdOf, keyIds, openSecret, readSecretReference, resealSecret, sealSecret, SyncError } from '@lutra/model';
import type { DataSourceDefinition, DataSourceSecrets, SealedSecret, SecretReference } from '@lutra/model';
import type { BaseEnv } from './base.env.ts';
import type { RawEnvironment } from './load-env.ts';
import { processHost } from './service-host.ts';

/** A key with its chain is a few KiB; a larger file is no secret. */
const FILE_BYTES_MAX = 65_536;
/** What Lutra itself was given: whoever may write data sources could otherwise have it sent to a server of theirs. */
const OWN_VARIABLES = /^(LUTRA|MANAGER|OTEL)_/i;

/**
 * The secrets of data sources and receivers as one process sees them: sealed under the keys of the installation, or kept as
 * references, which are resolved anew at each use in the environment and the files of this process.
 */
export class Secrets {
  private readonly keys: string;
  private readonly allowed: readonly SecretReference[];

  constructor(
    env: Pick<BaseEnv, 'LUTRA_SECRET_KEY' | 'LUTRA_SECRET_REFERENCES'>,
    private readonly environment: RawEnvironment = processHost.environment,
  ) {
    this.keys = env.LUTRA_SECRET_KEY;
    this.allowed = (env.LUTRA_SECRET_REFERENCES ?? '').split(',').flatMap((text) => readSecretReference(text) ?? []);
  }

  /** Ids of the keys, newest first. */
  get keyIds(): readonly string[] {
    return keyIds(this.keys);
  }

  /** A secret as it is kept. A reference stays what it is; throws SECRET_REFERENCE_REFUSED when it is not allowed in this process. */
  keep(given: string): SealedSecret {
    const reference = readSecretReference(given);
    if (reference === null) return sealSecret(given, this.keys);
    this.requireAllowed(reference);
    return given;
  }

  /**
   * The secret in clear. Throws CONFIG_ENV_INVALID when no key opens it, SECRET_REFERENCE_REFUSED, and SECRET_REFERENCE_MISSING
   * when what is referred to is not there.
   */
  open(kept: SealedSecret): string {
    const reference = readSecretReference(kept);
    return reference === null ? openSecret(kept, this.keys) : this.resolve(reference);
  }

  /** A secret that was sealed among others: looked up when it is a reference, else as it is. Throws as {@link open}. */
  follow(text: string): string {
    const reference = readSecretReference(text);
    return reference === null ? text : this.resolve(reference);
  }

  /** What a connection to a data source needs. Throws as {@link open}. */
  ofDataSource({ password, tlsKey }: Pick<DataSourceDefinition, 'password' | 'tlsKey'>): DataSourceSecrets {
    return { password: this.open(password), ...(tlsKey === undefined ? {} : { tlsKey: this.open(tlsKey) }) };
  }

  /** The id of the key that opens it; null = it is a reference. */
  keyIdOf(kept: SealedSecret): string | null {
    return readSecretReference(kept) === null ? keyIdOf(kept, this.keys) : null;
  }

  /** As it is kept under the newest key; the same text when nothing is to be done. Throws as {@link open}. */
  reseal(kept: SealedSecret): SealedSecret {
    return readSecretReference(kept) === null ? resealSecret(kept, this.keys) : kept;
  }

  private resolve(reference: SecretReference): string {
    this.requireAllowed(reference);
    const value = reference.kind === 'env' ? this.environment[reference.name] : this.readFile(reference.path);
    if (value !== undefined) return value;
    const problem = `${textOf(reference)} is referred to as a secret, and is not there`;
    throw new SyncError('SECRET_REFERENCE_MISSING', { problem, reference: textOf(reference) });
  }

  /** Undefined = there is none that can be read. Throws SECRET_REFERENCE_REFUSED when a link leads out of what is allowed. */
  private readFile(path: string): string | undefined {
    const real = realPathOf(path);
    if (real === undefined) return undefined;
    const isInside = this.folders().some((folder) => isBelow(real, realPathOf(folder) ?? folder));
    if (!isInside) throw refused({ kind: 'file', path });
    try {
      const { size } = statSync(real);
      // Tools write a line; the line's end is no part of a password.
      return size > FILE_BYTES_MAX ? undefined : readFileSync(real, 'utf8').replace(/\r?\n$/, '');
    } catch {
      return undefined;
    }
  }

  private requireAllowed(reference: SecretReference): void {
    if (reference.kind === 'env') {
      const { name } = reference;
      const isListed = this.allowed.some((one) => one.kind === 'env' && name.startsWith(one.name));
      if (isListed && /^\w+$/.test(name) && !OWN_VARIABLES.test(name)) return;
    } else {
      const { path } = reference;
      const isPlain = isAbsolute(path) && normalize(path) === path && !/[\0\r\n]/.test(path);
      if (isPlain && this.folders().some((folder) => isBelow(path, folder))) return;
    }
    throw refused(reference);
  }

  private folders(): readonly string[] {
    return this.allowed.flatMap((one) => (one.kind === 'file' ? [one.path] : []));
  }
}

const isBelow = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

const textOf = (reference: SecretReference): string =>
  reference.kind === 'env' ? `env:${reference.name}` : `file:${reference.path}`;

function refused(reference: SecretReference): SyncError {
  const problem = `${textOf(reference)} is not allowed as a secret: LUTRA_SECRET_REFERENCES of this service does not list it`;
  return new SyncError('SECRET_REFERENCE_REFUSED', { problem, reference: textOf(reference) });
}
