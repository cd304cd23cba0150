import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsNotEmpty, IsNumber, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

const SERVER_LIST = /^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/;
const ENSEMBLE = /^[^\s,:/]+:\d+(,[^\s,:/]+:\d+)*(\/[\w.-]+)*$/;
const SERVER_LIST_PROBLEM = { message: '$property must be a comma-separated list of host:port' };
/** 32 bytes are 43 base64 digits and one sign of padding. */
const KEY_OF_32_BYTES = /^[A-Za-z0-9+/_-]{43}=?$/;
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

  /** ZooKeeper ensemble, comma-separated host:port; a path behind the last one is its chroot (host:port/site). */
  @Matches(ENSEMBLE, { message: '$property must be a comma-separated list of host:port, and may end in a path' })
  LUTRA_ZOOKEEPER_SERVERS!: string;

  /** Digest user and password, 'user:password'. */
  @Matches(/^[^:]+:.+$/, { message: '$property must be user:password' })
  LUTRA_ZOOKEEPER_AUTH!: string;

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

  /** 32 bytes in base64: opens the passwords of the data sources. The same for all services of the installation. */
  @Matches(KEY_OF_32_BYTES, { message: '$property must be 32 bytes in base64' })
  LUTRA_SECRET_KEY!: string;

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
