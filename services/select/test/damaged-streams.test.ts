// Goal: whatever becomes of the bytes of a log, select ends in an error of its own or builds processes, and always ends.
// Method: recorded events and statements that steer transactions, in any order, damaged by chance and put under right
// checksums again, so that the builder sees them; a thread looks on, because a hang can be told from nowhere else.
import { describe, expect, it } from '@jest/globals';
import { Worker } from 'node:worker_threads';
import { must, SyncError } from '@lutra/model';
import { BinlogStreamBuilder, damageEvents, recordedStreams, sealEvents, SeededRandom } from '@lutra/testing';
import { parseStatement } from '../src/parse-statement.ts';
import { build, HARMLESS } from './build-stream.ts';

const COUNT = 4_000;
const HANG_MS = 20_000;
const PACKET_HEAD_BYTES = 5;
const STATEMENTS = [
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT `a`',
  'ROLLBACK TO `a`',
  'ROLLBACK TO `b`',
  "XA START X'61',X'',1",
  "XA END X'61',X'',1",
  "XA COMMIT X'61',X'',1",
  "XA ROLLBACK X'61',X'',1",
  'DROP TABLE shop.item',
  'ALTER TABLE item ADD b INT /* é */',
  'INSERT INTO item VALUES (1)',
];
const START = { done: { kind: 'file', serverUuid: 'server', file: 'bin.000001', offset: 4 }, inside: null } as const;

const WATCHDOG = `
const { workerData } = require('node:worker_threads');
const { shared, seed, hangMs } = workerData;
let seen = -1;
setInterval(() => {
  const index = Atomics.load(shared, 0);
  if (index !== seen) { seen = index; return; }
  require('node:fs').writeSync(2, 'Select hangs: LUTRA_FUZZ_SEED=' + seed + ' LUTRA_FUZZ_INDEX=' + index + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, hangMs);
`;

/** Events of whole transactions and parts of them, as they lie in a file. */
function script(random: SeededRandom): Buffer[] {
  const events: Buffer[] = [];
  const recorded = recordedEvents;
  for (let left = 1 + random.below(12), sequence = 1; left > 0; left -= 1) {
    const built = new BinlogStreamBuilder({ hasChecksum: false });
    const choice = random.below(10);
    // XA flags are among them: 64 prepared, 128 decided.
    if (choice < 3) built.mariadbGtid(sequence++, { flags: random.oneIn(3) ? random.below(256) : 0 });
    else if (choice < 6)
      built.tableMap(7, 'shop', random.oneIn(4) ? 'other' : 'item').rows(7, Buffer.alloc(random.below(40)));
    else if (choice < 7) built.xid();
    else if (choice < 9) built.query(must(STATEMENTS[random.below(STATEMENTS.length)], 'below the length'), 'shop');
    if (choice === 9) events.push(must(recorded[random.below(recorded.length)], 'below the length'));
    else events.push(...splitPackets(built.bytes));
  }
  return events;
}

const recordedEvents = recordedStreams().flatMap(({ events }) => events);

function splitPackets(stream: Buffer): Buffer[] {
  const events: Buffer[] = [];
  for (let at = 0; at < stream.length;) {
    const end = at + 4 + stream.readUIntLE(at, 3);
    events.push(stream.subarray(at + PACKET_HEAD_BYTES, end));
    at = end;
  }
  return events;
}

/** 'built' or the code of the error; any other error is thrown. */
function outcome(random: SeededRandom): string {
  const head = splitPackets(
    new BinlogStreamBuilder({ hasChecksum: false }).rotate('bin.000001').formatDescription().bytes,
  );
  const events = script(random);
  const damaged = random.oneIn(4) ? events : damageEvents(events, random, recordedEvents);
  // The bodies of the built events have no checksum: the format description says so no more.
  const format = Buffer.from(must(head[1], 'rotate and format description'));
  format[format.length - 5] = 1;
  const stream = Buffer.concat(sealEvents([must(head[0], 'a rotate'), format.subarray(0, -4), ...damaged]));
  try {
    build(stream, {
      start: random.oneIn(2) ? START : { done: { kind: 'mariadbGtid', gtidList: '' }, inside: null },
      chunkBytes: random.oneIn(2) ? stream.length : 1 + random.below(stream.length),
      limits: { maxRows: 1 + random.below(5), bytesPerRow: 20, maxBytes: 1 + random.below(400) },
      judge: (statement, schema) => {
        parseStatement(statement, schema);
        return HARMLESS;
      },
    });
    return 'built';
  } catch (error) {
    if (!SyncError.is(error)) throw error;
    return error.code;
  }
}

describe('a damaged stream in select', () => {
  it('ends in an error of its own or in processes', async () => {
    const seed = Number(process.env['LUTRA_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
    const only = process.env['LUTRA_FUZZ_INDEX'];
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const watchdog = new Worker(WATCHDOG, { eval: true, workerData: { shared, seed, hangMs: HANG_MS } });
    const totals = new Map<string, number>();
    try {
      const first = only === undefined ? 0 : Number(only);
      for (let index = first; index < (only === undefined ? COUNT : first + 1); index += 1) {
        Atomics.store(shared, 0, index);
        try {
          const result = outcome(new SeededRandom(seed, index));
          totals.set(result, (totals.get(result) ?? 0) + 1);
        } catch (cause) {
          throw new Error(`LUTRA_FUZZ_SEED=${String(seed)} LUTRA_FUZZ_INDEX=${String(index)}: ${String(cause)}`, {
            cause,
          });
        }
      }
    } finally {
      await watchdog.terminate();
    }
    process.stdout.write(`select fuzz seed ${String(seed)}: ${JSON.stringify(Object.fromEntries(totals))}\n`);
    if (only !== undefined) return;
    expect(totals.get('built')).toBeGreaterThan(COUNT / 100);
    expect(totals.get('SOURCE_EVENT_CORRUPT')).toBeGreaterThan(COUNT / 100);
  }, 60_000);
});
