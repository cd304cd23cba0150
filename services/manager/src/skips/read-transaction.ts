import { createHash } from 'node:crypto';
import { classifyEvent, DUMMY_TABLE_ID, readGtidEvent, readQuery, readTableId, scanBinlog } from '@lutra/binlog';
import type { FramedEvent, SourceSession } from '@lutra/binlog';
import { createRowsDecoder, tableIdOf, tableNameOf, TableShapes } from '@lutra/binlog/decoder';
import { attachDefinition, readLoggedTable, readSourceTable } from '@lutra/binlog/schema';
import { SyncError } from '@lutra/model';
import type { DonePlace, MappingMatcher } from '@lutra/model';
import { imageToJson } from '@lutra/sql';
import type { JsonImage } from '@lutra/sql';

/** A row of a source transaction, as it is named by (event, row) everywhere. */
export interface SourceRow {
  readonly event: number;
  readonly row: number;
  readonly schema: string;
  readonly table: string;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly before: JsonImage | null;
  readonly after: JsonImage | null;
}

/** What the log holds of one transaction, as far as mappings cover it. */
export interface SourceTransaction {
  readonly gtid: string;
  readonly commitAt: string;
  readonly rows: readonly SourceRow[];
  /** Schema statements. */
  readonly statements: number;
  /** Rows events that are not shown: they, or all together, are too large. */
  readonly eventsNotShown: number;
  /** Tells this content from any other: SHA-256 in hexadecimal. */
  readonly hash: string;
}

/** What is held of a transaction that is shown to a person. */
const BYTES_MAX = 4 * 1024 * 1024;
/** A longer value is shown as its length and digest. */
const VALUE_LENGTH_MAX = 4_096;
const TRANSACTION_STATEMENT = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|XA)\b/i;

/**
 * Looks for a transaction behind a place, and decodes its rows of mapped tables. Null when the log does not hold it there, or
 * not within the time. Throws what `scanBinlog` and the decoder throw.
 */
export async function readTransaction(
  session: SourceSession,
  wanted: { readonly gtid: string; readonly from: DonePlace; readonly matcher: MappingMatcher },
  signal: AbortSignal,
): Promise<SourceTransaction | null> {
  const held = new HeldTransaction(wanted.gtid);
  await scanBinlog({ source: session.options, from: wanted.from, signal, onEvent: held.take });
  return held.isFound ? held.decode(session, wanted.matcher) : null;
}

interface HeldEvent {
  readonly what: 'tableMap' | 'rows';
  readonly bytes: Buffer;
  readonly event: number;
}

/** Copies the events of one transaction; decoding waits until the scan is over, since it may have to ask the source. */
class HeldTransaction {
  isFound = false;
  private isInside = false;
  private commitMs = 0;
  private statements = 0;
  private event = 0;
  private bytes = 0;
  private eventsNotShown = 0;
  private readonly digest = createHash('sha256');
  private readonly events: HeldEvent[] = [];

  constructor(private readonly gtid: string) {}

  readonly take = (event: FramedEvent): 'go on' | 'stop' => {
    if (event.kind === 'piece' || event.kind === 'end') {
      if (this.isInside) this.digest.update(event.bytes);
      return 'go on';
    }
    const what = classifyEvent(event);
    if (what === 'gtid') {
      if (this.isInside) return 'stop';
      const { gtid, commitMs } = readGtidEvent(event);
      this.isInside = this.isFound = gtid === this.gtid;
      this.commitMs = commitMs;
    } else if (this.isInside && (what === 'tableMap' || what === 'rows')) this.hold(event, what);
    else if (this.isInside && what === 'query' && !TRANSACTION_STATEMENT.test(readQuery(event).statement))
      this.statements += 1;
    return 'go on';
  };

  private hold(event: FramedEvent, what: HeldEvent['what']): void {
    this.digest.update(event.bytes);
    const number = what === 'rows' ? this.event++ : this.event;
    if (readTableId(event) === DUMMY_TABLE_ID) return;
    this.bytes += event.length;
    if (event.kind === 'whole' && this.bytes <= BYTES_MAX)
      this.events.push({ what, bytes: Buffer.from(event.bytes), event: number });
    else if (what === 'rows') this.eventsNotShown += 1;
  }

  async decode(session: SourceSession, matcher: MappingMatcher): Promise<SourceTransaction> {
    const decoder = createRowsDecoder(new TableShapes());
    const mapped = new Set<number>();
    const rows: SourceRow[] = [];
    for (const { what, bytes, event } of this.events) {
      const id = tableIdOf(bytes);
      if (what === 'tableMap') {
        const { schema, table } = tableNameOf(bytes);
        if (matcher.targetsOf(schema, table).length === 0) mapped.delete(id);
        else {
          mapped.add(id);
          decoder.tableMap({ type: 'tableMap', event, bytes: await completedMap(session, bytes) });
        }
      } else if (mapped.has(id)) {
        const decoded = decoder.rows({ type: 'rows', event, bytes });
        const { schema, table } = decoded.table;
        const show = (image: Parameters<typeof imageToJson>[1] | undefined): JsonImage | null =>
          image === undefined ? null : imageToJson(decoded.table, image, { valueLengthMax: VALUE_LENGTH_MAX });
        for (const [row, { before, after }] of decoded.rows.entries())
          rows.push({ event, row, schema, table, kind: decoded.kind, before: show(before), after: show(after) });
      }
    }
    const { gtid, statements, eventsNotShown } = this;
    const hash = this.digest.copy().update(gtid).digest('hex');
    return { gtid, commitAt: new Date(this.commitMs).toISOString(), rows, statements, eventsNotShown, hash };
  }
}

/**
 * The table map of a log that does not name columns, completed by what the source's tables are now; a shape that differs is
 * refused, never shifted. Throws SOURCE_SCHEMA_MISMATCH.
 */
export async function completedMap(session: SourceSession, bytes: Buffer): Promise<Buffer> {
  const logged = readLoggedTable(bytes, session.server.kind);
  if (logged.isWhole) return bytes;
  try {
    return attachDefinition(bytes, logged, await readSourceTable(session, tableNameOf(bytes)));
  } catch (error) {
    const { code, details, message } = SyncError.of(error);
    throw new SyncError(code, { ...details, problem: `The rows cannot be shown: ${message}` }, { cause: error });
  }
}
