export type DatabaseKind = 'mysql' | 'mariadb';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** How to reach a database. The password travels sealed ({@link SealedSecret}), never in clear. */
export interface DataSourceDefinition {
  readonly id: string;
  readonly name: string;
  readonly kind: DatabaseKind;
  readonly host: string;
  readonly port: number;
  /** Other servers of the same group, in the order in which they are tried when the first does not answer; same user, password and TLS. */
  readonly standbys?: readonly ServerAddress[];
  readonly user: string;
  readonly password: SealedSecret;
  readonly tls: 'disabled' | 'required' | 'verifyCa' | 'verifyIdentity';
  readonly tlsCa?: string;
  /** What Lutra shows to a server that asks for it, PEM; there with its key only. */
  readonly tlsCert?: string;
  readonly tlsKey?: SealedSecret;
}

/** The secrets of a data source in clear: opened where a connection is made, kept nowhere. */
export interface DataSourceSecrets {
  readonly password: string;
  /** Private key of `tlsCert`, PEM. */
  readonly tlsKey?: string;
}

/**
 * AES-256-GCM under a key of the installation (LUTRA_SECRET_KEY): 'v1.<nonce>.<ciphertext>.<tag>' in base64url, or
 * 'v2.<key id>.…' where there are several keys; or a {@link SecretReference} as it was given, which holds no secret.
 */
export type SealedSecret = string;
