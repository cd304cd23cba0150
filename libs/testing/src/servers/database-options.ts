/** What a database server of a stack is started with beyond the fixed options. */
export interface DatabaseOptions {
  readonly serverId: number;
  readonly rootPassword: string;
  /** Redo log: InnoDB wants it ten times the largest row's blobs. */
  readonly redoLogBytes: number;
  /** More command line options, after all others: the last one of a name wins. */
  readonly extra?: readonly string[];
}

/** Enough for rows of 64 MiB. */
export const REDO_LOG_FOR_LARGE_ROWS = 768 * 1024 * 1024;

/**
 * Options that source, target and replica share, so that a comparison of their speed is fair: the server's default
 * durability, full row images with full metadata, and packets that hold a 64 MiB row as hexadecimal text.
 */
export const SHARED_OPTIONS: readonly string[] = [
  '--bind-address=127.0.0.1',
  '--skip-name-resolve',
  '--log-bin=bin',
  '--binlog-row-image=FULL',
  '--binlog-row-metadata=FULL',
  '--max-allowed-packet=256M',
  '--innodb-buffer-pool-size=256M',
  '--character-set-server=utf8mb4',
];

/** SQL that gives root a password and leaves no other way in; runs at each start, outside the binary log. */
export function initSql(rootPassword: string): string {
  const password = `'${rootPassword}'`;
  return [
    'SET sql_log_bin = 0;',
    `CREATE USER IF NOT EXISTS 'root'@'127.0.0.1' IDENTIFIED BY ${password};`,
    `ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY ${password};`,
    `GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;`,
    `ALTER USER 'root'@'localhost' IDENTIFIED BY ${password};`,
    '',
  ].join('\n');
}
