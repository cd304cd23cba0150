import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RawProcessEncoder } from '@lutra/messaging';
import type { ProcessWriter } from '@lutra/messaging';
import type { RawEvent, TransactionHeader } from '@lutra/model';

const FIXTURE = join(import.meta.dirname, '../../../libs/binlog/test/fixtures/item-mariadb-10.11.events');
const TABLE_MAP = 19;

/** What a real server wrote about fx.item: insert of two rows, update, then update and delete with MINIMAL images; each with its table map. */
export function recordedEvents(): RawEvent[] {
  let rowsEvents = 0;
  return readFileSync(FIXTURE, 'utf8')
    .trim()
    .split('\n')
    .map((line): RawEvent => {
      const [type, bytes] = line.split(' ');
      const isTableMap = Number(type) === TABLE_MAP;
      const event = isTableMap ? rowsEvents : rowsEvents++;
      return { type: isTableMap ? 'tableMap' : 'rows', bytes: Buffer.from(bytes ?? '', 'base64'), event };
    });
}

/** Collects what is written; `isFull` after every write, so that a stage has to drain. */
export class Collected implements ProcessWriter {
  readonly chunks: Uint8Array[] = [];
  drains = 0;
  isFull = false;
  write(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.isFull = true;
  }
  drain(): Promise<void> {
    this.drains += 1;
    this.isFull = false;
    return Promise.resolve();
  }
  finish(): Promise<void> {
    return Promise.resolve();
  }
  abort(): Promise<void> {
    return Promise.resolve();
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

/** The body of a raw process, as select writes it. */
export function rawBody(
  transactions: readonly (TransactionHeader & { readonly events: readonly RawEvent[] })[],
): Buffer {
  const sink = new Collected();
  const encoder = new RawProcessEncoder(sink);
  for (const { events, isLast, ...begin } of transactions) {
    encoder.beginTransaction(begin);
    for (const { bytes, ...event } of events) {
      encoder.beginEvent({ ...event, length: bytes.length });
      encoder.append(bytes);
    }
    encoder.endTransaction({ isLast, gtid: begin.gtid });
  }
  return sink.bytes;
}
