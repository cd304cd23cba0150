import { SyncError, systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { foreignKeyTable, readForeignKeys } from './foreign-key-groups.ts';
import type { ForeignKeyEdge } from './foreign-key-groups.ts';
import type { TargetSession } from './target-session.ts';
import type { TableName } from './target-table.ts';

/** Where only reading every foreign key tells, no more than one part in so many of the time is spent on it. */
const READING_SHARE = 10;

/**
 * One number for all foreign keys of InnoDB, whatever the schemas: a twentieth of the cost of reading them, for which
 * MariaDB opens every table. Needs PROCESS (MariaDB KB, "Information Schema INNODB_SYS_FOREIGN Table").
 */
const MARIADB_MARK =
  "SELECT COUNT(*) AS number, BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('\\n', ID, FOR_NAME, REF_NAME, N_COLS, TYPE), 256), 16), 16, 10) " +
  'AS UNSIGNED)) AS mark FROM information_schema.INNODB_SYS_FOREIGN';

/**
 * Notices foreign keys that come and go. One that a child declares does not show in the statement of its parent, so nothing
 * else tells it to whoever writes the parent alone.
 *
 * On MySQL, and on MariaDB with the PROCESS privilege, each {@link refresh} tells the truth of its moment. On MariaDB without
 * it a foreign key may be noticed late: by ten times as long as the server takes to read all of them.
 */
export class ForeignKeyWatch {
  private edges: readonly ForeignKeyEdge[] = [];
  private mark: string | null = null;
  private mayNotMark = false;
  private nextReadMs = 0;

  constructor(private readonly clock: Clock = systemClock) {}

  /** All of them, from now on the ones that are known. */
  async read(session: TargetSession): Promise<readonly ForeignKeyEdge[]> {
    const startMs = this.clock.monotonicMs();
    // First: what comes between the two is then read once more, not missed.
    const mark = session.info.kind === 'mariadb' ? await this.readMark(session) : null;
    const edges = await readForeignKeys((sql) => session.query(sql));
    const endMs = this.clock.monotonicMs();
    this.nextReadMs = endMs + (endMs - startMs) * READING_SHARE;
    this.mark = mark;
    this.edges = edges;
    return edges;
  }

  /** All of them when they are others than those known, as far as they refer to `parents`; null when nothing has changed. */
  async refresh(session: TargetSession, parents: readonly TableName[]): Promise<readonly ForeignKeyEdge[] | null> {
    if (session.info.kind === 'mysql') {
      const now = await readForeignKeys((sql) => session.query(sql), parents);
      const ids = new Set(parents.map((parent) => foreignKeyTable(parent)));
      const known = this.edges.filter(({ parent }) => ids.has(parent));
      return JSON.stringify(now) === JSON.stringify(known) ? null : this.read(session);
    }
    const mark = await this.readMark(session);
    if (mark === null ? this.clock.monotonicMs() < this.nextReadMs : mark === this.mark) return null;
    const known = JSON.stringify(this.edges);
    const now = await this.read(session);
    return JSON.stringify(now) === known ? null : now;
  }

  /** They may be others now: the next {@link refresh} reads them, whatever it costs. */
  expire(): void {
    this.nextReadMs = -Infinity;
    this.mark = null;
  }

  private async readMark(session: TargetSession): Promise<string | null> {
    if (this.mayNotMark) return null;
    try {
      const [row] = await session.query(MARIADB_MARK);
      return `${String(row?.['number'])} ${String(row?.['mark'])}`;
    } catch (error) {
      if (!SyncError.is(error) || error.code !== 'TARGET_GRANT_MISSING') throw error;
      this.mayNotMark = true;
      return null;
    }
  }
}
