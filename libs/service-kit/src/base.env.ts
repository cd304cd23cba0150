import 'reflect-metadata';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsNotEmpty, IsNumber, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

const SERVER_LIST = /^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/;
const ENSEMBLE = /^[^\s,:/]+:\d+(,[^\s,:/]+:\d+)*(\/[\w.-]+)*$/;
const SERVER_LIST_PROBLEM = { message: '$property must be a comma-separated list of host:port' };
/** 32 bytes are 43 base64 digits and one sign of padding. */
const KEYS_OF_32_BYTES = /^[A-Za-z0-9+/_-]{43}=?(,[A-Za-z0-9+/_-]{43}=?){0,7}$/;
const REFERENCES = /^(env:\w+|file:(\/[\w.-]+)+\/?)(,(env:\w+|file:(\/[\w.-]+)+\/?))*$/;
const FAIL_POINTS = /^[a-z-]+=exit(@\d+)?(,[a-z-]+=exit(@\d+)?)*$/;

/** Environment that every service understands. Subclasses add their own; each field has a default or is required. */
export class BaseEnv {
  /** NATS servers, comma-separated host:port. */
  @Matches(SERVER_LIST, SERVER_LIST_PROBLEM)
  LUTRA_NATS_SERVERS!: string;

  /** User name at NATS. */
  @IsString()
  @IsNotEmpty()
  LUTRA_NATS_USER!: string;

  /** Password at NATS. */
  @IsString()
  @IsNotEmpty()
  LUTRA_NATS_PASSWORD!: string;

  /** File that holds it, instead of the variable. */
  @IsOptional()
  @IsString()
  LUTRA_NATS_PASSWORD_FILE?: string;

  /**
   * Authorities of NATS, PEM: TLS, and nothing without it. Name the servers as their certificates do. Read again at each
   * connection, as are the two that follow.
   */
  @IsOptional()
  @IsString()
  LUTRA_NATS_TLS_CA_FILE?: string;

  /** Certificate that is shown to NATS, PEM; together with its key. */
  @IsOptional()
  @IsString()
  LUTRA_NATS_TLS_CERT_FILE?: string;

  /** Private key of that certificate, PEM. */
  @IsOptional()
  @IsString()
  LUTRA_NATS_TLS_KEY_FILE?: string;

  /**
   * How large the event log of NATS may become, MiB: the same for all services. A day of 500 pipelines that load a process each
   * five seconds takes 6 GiB; what is dropped before a manager has read it is missing in the statistics, which say so. Left out: a
   * log that is made gets 1 GiB, one that stands keeps its size.
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(64)
  @Max(1_048_576)
  LUTRA_EVENTS_MIB?: number;

  /** ZooKeeper ensemble, comma-separated host:port; a path behind the last one is its chroot (host:port/site). */
  @Matches(ENSEMBLE, { message: '$property must be a comma-separated list of host:port, and may end in a path' })
  LUTRA_ZOOKEEPER_SERVERS!: string;

  /** Digest user and password, 'user:password'. */
  @Matches(/^[^:]+:.+$/, { message: '$property must be user:password' })
  LUTRA_ZOOKEEPER_AUTH!: string;

  /** File that holds it, instead of the variable. */
  @IsOptional()
  @IsString()
  LUTRA_ZOOKEEPER_AUTH_FILE?: string;

  /** Root path of Lutra's nodes. */
  @Matches(/^(\/[\w.-]+)+$/, { message: '$property must be a path such as /lutra' })
  LUTRA_ZOOKEEPER_ROOT = '/lutra';

  /** A session that is silent for so long has lost its leases. Lower = faster failover, more false alarms. */
  @Type(() => Number)
  @IsInt()
  @Min(1_000)
  @Max(120_000)
  LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS = 10_000;

  /** The same for leases of pipelines whose failoverMode is `fast`; not below twice the ensemble's tickTime. */
  @Type(() => Number)
  @IsInt()
  @Min(1_000)
  @Max(120_000)
  LUTRA_ZOOKEEPER_FAST_SESSION_TIMEOUT_MS = 4_000;

  /** Prefix of subjects, streams and buckets in NATS. */
  @Matches(/^[a-z][a-z0-9_]*$/, { message: '$property must be lower-case letters, digits and _, with a letter first' })
  LUTRA_NAMESPACE = 'lutra';

  /** Unique name of this instance; default <service>-<host>-<random>. */
  @IsOptional()
  @Matches(/^[\w-]{1,100}$/, { message: '$property must be letters, digits, _ and -, at most 100' })
  LUTRA_INSTANCE?: string;

  /** Share of pipelines and processes that this instance takes beside others of its service; 1 = as much as the others. */
  @Type(() => Number)
  @IsNumber()
  @Min(0.01)
  @Max(100)
  LUTRA_WEIGHT = 1;

  /** Address of /health and /metrics (manager: of the API too). */
  @IsString()
  @IsNotEmpty()
  LUTRA_HTTP_HOST = '127.0.0.1';

  /** Port of /health and /metrics (manager: of the API too); 0 = any free one. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  LUTRA_HTTP_PORT = 0;

  /** Certificate of that address, PEM, the authorities in between behind it: HTTPS instead of HTTP. Read again when it changes. */
  @IsOptional()
  @IsString()
  LUTRA_HTTP_TLS_CERT_FILE?: string;

  /** Its private key, PEM. */
  @IsOptional()
  @IsString()
  LUTRA_HTTP_TLS_KEY_FILE?: string;

  /** Authorities of the clients, PEM: who shows no certificate of them is refused, also at /health and /metrics. Not set = all are let in. */
  @IsOptional()
  @IsString()
  LUTRA_HTTP_TLS_CLIENT_CA_FILE?: string;

  /**
   * 32 bytes in base64: opens the passwords of the data sources. The same for all services of the installation. Several,
   * comma-separated, newest first, at most 8: the first one seals, all of them open (see docs/secrets.md).
   */
  @Transform(({ value }: { readonly value: unknown }) => listOf(value))
  @Matches(KEYS_OF_32_BYTES, { message: '$property must be 32 bytes in base64, several of them comma-separated' })
  LUTRA_SECRET_KEY!: string;

  /** File that holds LUTRA_SECRET_KEY, a key per line, instead of the variable. */
  @IsOptional()
  @IsString()
  LUTRA_SECRET_KEY_FILE?: string;

  /**
   * Which references (env:NAME, file:/path) may stand for passwords and keys of data sources: beginnings of names and folders,
   * comma-separated, such as 'env:DB_,file:/run/secrets'. Not set = none. Variables of Lutra itself are never given out.
   */
  @Matches(REFERENCES, { message: '$property must be a comma-separated list such as env:DB_,file:/run/secrets' })
  @IsOptional()
  LUTRA_SECRET_REFERENCES?: string;

  /** Least serious level that is written to the log. */
  @IsIn(['trace', 'debug', 'info', 'warn', 'error'])
  LUTRA_LOG_LEVEL: 'trace' | 'debug' | 'info' | 'warn' | 'error' = 'info';

  /** Bytes of processes that this instance holds at once, over all pipelines. */
  @Type(() => Number)
  @IsInt()
  @Min(1_048_576)
  LUTRA_MEMORY_BYTES_MAX = 268_435_456;

  /** For tests of crashes only: exits at a named point of the code, e.g. 'before-commit=exit' or 'after-publish=exit@3' (third time). */
  @IsOptional()
  @Matches(FAIL_POINTS, { message: '$property must be name=exit or name=exit@N, comma-separated' })
  LUTRA_FAIL_POINTS?: string;
}

/** Words, however they are divided: a file has one per line. */
const listOf = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .trim()
        .split(/[\s,]+/)
        .join(',')
    : value;
