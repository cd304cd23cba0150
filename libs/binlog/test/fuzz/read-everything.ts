import {
  classifyEvent,
  FramedEvent,
  isOnePhaseCommit,
  readGtidEvent,
  readIncident,
  readPreparedXid,
  readQuery,
  readRotate,
  readTableId,
  readTableName,
  rowsEventBytes,
} from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import { SyncError } from '@lutra/model';

/** Bytes of poison on each side: more than any length of one byte reaches. */
const POISON_BYTES = 300;

/**
 * Gives every event to each reader that select and extract would give it to, and to the decoder of rows. What comes out, or
 * the code of the error, event by event. Any error that is not a SyncError is thrown: it is a bug.
 */
export function readEverything(events: readonly Buffer[], poison: number): unknown[] {
  const decoder = createRowsDecoder(new TableShapes());
  const results: unknown[] = [];
  for (const bytes of events) {
    const event = amidPoison(bytes, poison);
    results.push(typed(() => readBody(event)));
    const raw = { bytes: event.bytes, event: 0 };
    const eventClass = typed(() => classifyEvent(event));
    if (eventClass === 'tableMap') results.push(typed(() => decoder.tableMap({ ...raw, type: 'tableMap' })));
    else if (eventClass === 'rows') results.push(typed(() => decoder.rows({ ...raw, type: 'rows' })));
  }
  return results;
}

/** The event in the middle of a buffer of bytes that nobody may look at. */
function amidPoison(bytes: Buffer, poison: number): FramedEvent {
  const buffer = Buffer.alloc(bytes.length + 2 * POISON_BYTES, poison);
  bytes.copy(buffer, POISON_BYTES);
  const end = POISON_BYTES + bytes.length;
  return new FramedEvent('whole', bytes[4] ?? 0, buffer, POISON_BYTES, end, bytes.length, bytes.length + 4);
}

function readBody(event: FramedEvent): unknown {
  const { timestamp, serverId, nextPosition, flags } = event;
  const header = [timestamp, serverId, nextPosition, flags];
  switch (classifyEvent(event)) {
    case 'gtid':
      return [header, readGtidEvent(event)];
    case 'query':
      return [header, readQuery(event)];
    case 'tableMap':
      return [header, readTableId(event), readTableName(event)];
    case 'rows':
      return [header, readTableId(event), rowsEventBytes(event)];
    case 'xaPrepare':
      return [header, isOnePhaseCommit(event), readPreparedXid(event)];
    case 'incident':
      return [header, readIncident(event)];
    case 'rotate':
      return [header, readRotate(event)];
    default:
      return header;
  }
}

function typed(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return codeOf(error);
  }
}

/** The decoder turns foreign errors into SOURCE_EVENT_CORRUPT as a last resort: here they count as what they are. */
function codeOf(error: unknown): string {
  if (!SyncError.is(error)) throw error;
  for (let cause = error.cause; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined)
    if (!SyncError.is(cause)) throw new Error(`${error.code} hides another error`, { cause });
  return error.code;
}
