import type { Connection } from 'mysql2';
import { SyncError } from '@lutra/model';
import { bulkExecute } from './bulk-link.ts';
import { BulkPacket } from './bulk-packet.ts';
import type { BulkRows } from './bulk-rows.ts';

// Not in this way: the command or the statement's number is unknown to what stands between here and the server, its form is
// refused, or there may be no more statements.
const WITHOUT_BULK = new Set([1047, 1210, 1243, 1295, 1461, 1835]);
/** Also what a node of a cluster answers to anything until it is ready. */
const UNKNOWN_COMMAND = 1047;
const UNKNOWN_COMMANDS_MAX = 3;
/** A packet of this size would be cut into several. */
const PACKET_BYTES_MAX = 0xff_ffff;

/** Writes rows by bulk execute on one connection. The driver keeps the prepared statements. */
export class BulkWriter {
  private readonly packet = new BulkPacket();
  private isRefused = false;
  private unknownCommands = 0;

  constructor(
    private readonly connection: Connection,
    /** Fewer rows are not worth a packet of their own. */
    private readonly rowsMin: number,
  ) {}

  takes({ rows }: BulkRows): boolean {
    return !this.isRefused && rows.length >= this.rowsMin;
  }

  /**
   * Resolves with the rows that were affected: all are written, or none and it rejects with the driver's error. Null when they
   * have to be written as text. TARGET_SHAPE_CHANGED when the server has lost some of them: what was written has to be undone,
   * and is written as text the next time.
   */
  async write(rows: BulkRows, bytesMax: number): Promise<number | null> {
    try {
      const id = await this.prepare(rows.sql);
      const packet = this.packet.encode(id, rows, Math.min(bytesMax, PACKET_BYTES_MAX));
      const affected = packet === null ? null : await bulkExecute(this.connection, packet);
      // Each row counts: 1 inserted or found (FOUND_ROWS), 2 updated.
      if (affected === null || affected >= rows.rows.length) return affected;
      this.isRefused = true;
      throw rowsLost(rows, affected);
    } catch (error) {
      const { errno } = error as { readonly errno?: number };
      if (errno === undefined || !WITHOUT_BULK.has(errno)) throw error;
      this.isRefused = errno !== UNKNOWN_COMMAND || ++this.unknownCommands >= UNKNOWN_COMMANDS_MAX;
      return null;
    } finally {
      this.packet.shrink();
    }
  }

  private prepare(sql: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.connection.prepare(sql, (error, statement) => {
        if (error === null) resolve((statement as unknown as { readonly id: number }).id);
        else reject(error);
      });
    });
  }
}

/** A trigger that was made since the table was described is the one known cause. */
function rowsLost({ table, rows }: BulkRows, affected: number): SyncError {
  const problem =
    `The target wrote ${String(affected)} of ${String(rows.length)} rows of ${table} that it was given in bulk, without an error, as ` +
    'releases of MariaDB before those of late 2024 do where a trigger fires; the rows are written as text';
  return new SyncError('TARGET_SHAPE_CHANGED', { table, problem });
}
