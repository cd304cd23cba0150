/** Environment that every service understands. Subclasses add their own; each field has a default or is required. */
export class BaseEnv {
  /** NATS servers, comma-separated host:port. */
  LUTRA_NATS_SERVERS!: string;
  LUTRA_NATS_USER!: string;
  LUTRA_NATS_PASSWORD!: string;
  /** ZooKeeper ensemble, comma-separated host:port. */
  LUTRA_ZOOKEEPER_SERVERS!: string;
  /** Digest user and password, 'user:password'. */
  LUTRA_ZOOKEEPER_AUTH!: string;
  /** Root path of Lutra's nodes. */
  LUTRA_ZOOKEEPER_ROOT = '/lutra';
  /** A session that is silent for so long has lost its leases. Lower = faster failover, more false alarms. */
  LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS = 10_000;
  /** Prefix of subjects, streams and buckets in NATS. */
  LUTRA_NAMESPACE = 'lutra';
  /** Unique name of this instance; default <service>-<host>-<random>. */
  LUTRA_INSTANCE?: string;
  /** Address and port of /health and /metrics (manager: of the API too); port 0 = any free one. */
  LUTRA_HTTP_HOST = '127.0.0.1';
  LUTRA_HTTP_PORT = 0;
  /** 32 bytes in base64: opens the passwords of the data sources. The same for all services of the installation. */
  LUTRA_SECRET_KEY!: string;
  LUTRA_LOG_LEVEL: 'trace' | 'debug' | 'info' | 'warn' | 'error' = 'info';
  /** Bytes of processes that this instance holds at once, over all pipelines. */
  LUTRA_MEMORY_BYTES_MAX = 268_435_456;
}
