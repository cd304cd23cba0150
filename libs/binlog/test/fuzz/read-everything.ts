import {
  classifyEvent,
  EVENT_TYPE,
  FramedEvent,
  isOnePhaseCommit,
  PayloadUnwrapper,
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
import type { RowsDecoder } from '@lutra/binlog/decoder';
import { SyncError } from '@lutra/model';
import type { RawEvent } from '@lutra/model';
import { isDeepStrictEqual } from 'node:util';
import { passedRows } from '../decoder/collecting-sink.ts';

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
    if (eventClass === 'payload') {
      const inner = typed(() => unwrap(event));
      results.push(Array.isArray(inner) ? readEverything((inner as Buffer[]).filter(isNoPayload), poison) : inner);
    }
    if (eventClass === 'tableMap') results.push(typed(() => decoder.tableMap({ ...raw, type: 'tableMap' })));
    else if (eventClass === 'rows') results.push(readRows(decoder, { ...raw, type: 'rows' }));
  }
  return results;
}

/** Rows are handed over as they are returned, or end in the same error. */
function readRows(decoder: RowsDecoder, event: RawEvent): unknown {
  const rows = typed(() => decoder.rows(event));
  const passed = typed(() => passedRows(decoder, event));
  if (!isDeepStrictEqual(passed, rows))
    throw new Error('the rows that are handed over are not those that are returned');
  return rows;
}

/** A batch ends behind 1 MiB, with an event of at most 16 MiB. */
const BATCH_BYTES_MAX = 18 * 1024 * 1024;
/** What a few bytes can stand for has no limit but that they are handed on bit by bit: more than this is only counted. */
const READ_BYTES_MAX = 1024 * 1024;

const isNoPayload = (event: Buffer): boolean => event[4] !== EVENT_TYPE.TRANSACTION_PAYLOAD;

/** The events inside, copied, as far as they are whole. */
function unwrap(event: FramedEvent): Buffer[] {
  const unwrapper = new PayloadUnwrapper();
  unwrapper.push([event]);
  const inner: Buffer[] = [];
  let readBytes = 0;
  for (let batch = unwrapper.take(); batch !== null && readBytes < READ_BYTES_MAX; batch = unwrapper.take()) {
    const bytes = batch.reduce((sum, part) => sum + part.end - part.start, 0);
    if (bytes > BATCH_BYTES_MAX) throw new Error(`a batch of ${String(bytes)} bytes`);
    readBytes += bytes;
    inner.push(...batch.filter(({ kind }) => kind === 'whole').map((part) => Buffer.from(part.bytes)));
  }
  return readBytes < READ_BYTES_MAX ? inner : [];
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

/** The decoder turns foreign errors into SOURCE_EVENT_CORRUPT as a last resort: here they count as what they are. Those of zlib are findings. */
function codeOf(error: unknown): string {
  if (!SyncError.is(error)) throw error;
  for (let cause = error.cause; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined)
    if (!SyncError.is(cause) && !isOfZlib(cause)) throw new Error(`${error.code} hides another error`, { cause });
  return error.code;
}

/** By its code: zlib's errors are of another realm than the test's. */
const isOfZlib = (cause: unknown): boolean =>
  typeof cause === 'object' &&
  cause !== null &&
  'code' in cause &&
  /^Z_|^ERR_BUFFER_TOO_LARGE$/.test(String(cause.code));
