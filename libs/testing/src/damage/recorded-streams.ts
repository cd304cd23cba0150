import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { binlogEvent, payloadBody } from '../binlog-payload.ts';
import { BinlogStreamBuilder } from '../binlog-stream.ts';
import { projectRoot } from '../project-paths.ts';

/** Events of one file, header and body without the checksum, in the order in which the server wrote them. */
export interface RecordedStream {
  readonly name: string;
  readonly events: readonly Buffer[];
}

/** Folders below libs/binlog/test; a file that joins them is read without being named anywhere. */
const FOLDERS = ['fixtures', 'golden'];
const PACKET_AND_STATUS_BYTES = 5;
const MAGIC_BYTES = 4;
const EVENT_TYPE_OFFSET = 4;
const EVENT_SIZE_OFFSET = 9;
const FORMAT_DESCRIPTION = 15;
const TRANSACTION_PAYLOAD = 40;

/** Everything that is recorded, and a stream of our own making with the events that frame others. */
export function recordedStreams(): RecordedStream[] {
  const root = join(projectRoot, 'libs/binlog/test');
  const files = FOLDERS.flatMap((folder) =>
    listOf(join(root, folder))
      .filter((name) => READERS.some(([ending]) => name.endsWith(ending)))
      .map((name): RecordedStream => {
        const read = READERS.find(([ending]) => name.endsWith(ending))?.[1] ?? eventsOf;
        return { name: `${folder}/${name}`, events: read(join(root, folder, name)) };
      }),
  );
  const recorded = files.filter(({ events }) => events.length > 0);
  return [...recorded, builtStream(), compressedStream(recorded[0]?.events ?? [])];
}

/** Lines of type and bytes in base64; others are comments. */
function eventsOf(file: string): Buffer[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, base64] = /^\d+ ([A-Za-z0-9+/=]+)$/.exec(line.trim()) ?? [];
      return base64 === undefined ? [] : [Buffer.from(base64, 'base64')];
    });
}

/** Events of a log file behind its magic number. Format descriptions stay out: they say how the file is checked, not the stream. */
function eventsOfLog(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const events: Buffer[] = [];
  let checksumBytes = 0;
  for (let at = MAGIC_BYTES; at < bytes.length;) {
    const end = at + bytes.readUInt32LE(at + EVENT_SIZE_OFFSET);
    if (bytes[at + EVENT_TYPE_OFFSET] === FORMAT_DESCRIPTION) checksumBytes = bytes[end - 5] === 1 ? 4 : 0;
    else events.push(bytes.subarray(at, end - checksumBytes));
    at = end;
  }
  return events;
}

const READERS: readonly (readonly [ending: string, read: (file: string) => Buffer[]])[] = [
  ['.events', eventsOf],
  ['.binlog', eventsOfLog],
];

function builtStream(): RecordedStream {
  const stream = new BinlogStreamBuilder({ hasChecksum: false })
    .rotate('bin.000001')
    .formatDescription()
    .mariadbGtid(1)
    .query('CREATE TABLE item (a bigint)', 'shop')
    .mariadbGtid(2)
    .tableMap(7, 'shop', 'item')
    .rows(7, Buffer.from([1, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8]))
    .xid()
    .rotate('bin.000002')
    .formatDescription();
  return { name: 'built', events: splitPackets(stream.bytes) };
}

/** Events in a compressed transaction, one frame and two. */
function compressedStream(events: readonly Buffer[]): RecordedStream {
  const inside = Buffer.concat(events);
  const payloads = [1, 2].map((frames) => binlogEvent(TRANSACTION_PAYLOAD, payloadBody(inside, { frames })));
  return { name: 'compressed transactions', events: payloads };
}

/** The events of a stream whose packets are all shorter than 16 MiB. */
function splitPackets(bytes: Buffer): Buffer[] {
  const events: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + PACKET_AND_STATUS_BYTES - 1 + bytes.readUIntLE(at, 3);
    const event = bytes.subarray(at + PACKET_AND_STATUS_BYTES, end);
    // A format description carries the place of a checksum even when there are none.
    events.push(event[4] === FORMAT_DESCRIPTION ? event.subarray(0, -4) : event);
    at = end;
  }
  return events;
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
