/**
 * Goal: rows that go from the log's bytes to the wire's without values between are, byte for byte, those whose values were
 * decoded and encoded. Method: both ways over tables of any columns, over what real servers wrote, and over the same damaged.
 */
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { classifyEvent, EventFramer, PayloadUnwrapper } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import type { DecodedRow } from '@lutra/binlog/decoder';
import { readLoggedTable } from '@lutra/binlog/schema';
import { RowProcessEncoder } from '@lutra/messaging';
import { must, SyncError } from '@lutra/model';
import type { RawEvent, RowChange, RowChangeBase, TableDefinition } from '@lutra/model';
import { binlogFileToPackets } from '@lutra/testing';
import { RowWriter } from '../src/row-writer.ts';
import { anyTable } from './any-table.ts';
import { Collected, recordedEvents } from './recorded-events.ts';

/** The wire form of the events, in hex, or the code of the error. */
type Way = (events: readonly RawEvent[]) => string;

const straight: Way = (events) => {
  const output = new Collected();
  const encoder = new RowProcessEncoder(output);
  const writer = new RowWriter(encoder);
  const decoder = createRowsDecoder(new TableShapes());
  return outcome(output, () => {
    for (const event of events) {
      writer.eventNumber = event.event;
      if (event.type === 'tableMap') decoder.tableMap(event);
      else decoder.pass(event, writer);
    }
    encoder.end();
  });
};

const byValues: Way = (events) => {
  const output = new Collected();
  const encoder = new RowProcessEncoder(output);
  const decoder = createRowsDecoder(new TableShapes());
  const tables = new Map<TableDefinition, number>();
  return outcome(output, () => {
    for (const event of events) {
      if (event.type === 'tableMap') {
        decoder.tableMap(event);
        continue;
      }
      const { kind, table, flags, rows } = decoder.rows(event);
      const index = tables.get(table) ?? encoder.defineTable(table);
      tables.set(table, index);
      const place = { table: index, event: event.event, part: 0, flags: flagsOf(flags) };
      rows.forEach((images, row) => encoder.change(changeOf(kind, { ...place, row }, images)));
    }
    encoder.end();
  });
};

/** Keys and unique keys are not checked; foreign keys' changes are logged. */
const flagsOf = (flags: number): number => ((flags & 0x06) >> 1) | ((flags & 0x10) >> 2);

function changeOf(kind: RowChange['kind'], place: RowChangeBase, { before, after }: DecodedRow): RowChange {
  const [first, second] = [() => must(before, 'a before image'), () => must(after, 'an after image')];
  switch (kind) {
    case 'insert':
      return { kind, ...place, after: second() };
    case 'delete':
      return { kind, ...place, before: first() };
    case 'update':
      return { kind, ...place, before: first(), after: second() };
  }
}

function outcome(output: Collected, write: () => void): string {
  try {
    write();
    return output.bytes.toString('hex');
  } catch (error) {
    if (SyncError.is(error)) return error.code;
    throw error;
  }
}

/** What real servers wrote: events whose table maps tell all about their columns. */
function goldenEvents(): (readonly [name: string, events: RawEvent[]])[] {
  const folder = join(import.meta.dirname, '../../../libs/binlog/test/golden');
  const names = readdirSync(folder).filter((name) => name.endsWith('.binlog'));
  return names.map((name) => [name, rawEvents(binlogFileToPackets(readFileSync(join(folder, name))))] as const);
}

function rawEvents(packets: Buffer): RawEvent[] {
  const outer: FramedEvent[] = [];
  new EventFramer({ hasChecksum: false }).push(packets, outer);
  const unwrapper = new PayloadUnwrapper();
  unwrapper.push(outer);
  const whole = new Map<number, boolean>();
  const raw: RawEvent[] = [];
  for (let events = unwrapper.take(); events !== null; events = unwrapper.take())
    for (const event of events) {
      const type = classifyEvent(event);
      if (type !== 'tableMap' && type !== 'rows') continue;
      const bytes = Buffer.from(event.bytes);
      const id = bytes.readUIntLE(19, 6);
      if (type === 'tableMap') whole.set(id, readLoggedTable(bytes, 'mysql').isWhole);
      if (whole.get(id) === true) raw.push({ type, bytes, event: raw.length });
    }
  return raw;
}

const corpora = [...goldenEvents(), ['fixture', recordedEvents()] as const].filter(([, events]) => events.length > 0);

describe('rows that are written without values', () => {
  it('are those of decoded values, for tables of any columns', () => {
    const outcomes = { written: 0, refused: 0 };
    fc.assert(
      fc.property(anyTable(), (events) => {
        const expected = byValues(events);
        outcomes[expected.startsWith('SOURCE_') ? 'refused' : 'written'] += 1;
        expect(straight(events)).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
    expect(outcomes.written).toBeGreaterThan(outcomes.refused);
  });

  it.each(corpora)('are those of decoded values, for %s', (_name, events) => {
    const expected = byValues(events);
    expect(expected).toMatch(/^[0-9a-f]{40,}$/);
    expect(straight(events)).toBe(expected);
  });

  it('are those of decoded values, or the same error, when bytes are damaged', () => {
    const all = corpora.map(([, events]) => events);
    const damage = fc.record({ at: fc.nat({ max: 400 }), to: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.nat(),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        (events, pick, flips) => {
          const rows = events.filter(({ type }) => type === 'rows');
          const chosen = must(rows[pick % rows.length], 'each corpus has rows');
          const bytes = Buffer.from(chosen.bytes);
          // Behind header, table id and flags: the event stays one of its table.
          for (const { at, to } of flips) bytes[27 + (at % (bytes.length - 27))] = to;
          const damaged = events.map((event) => (event === chosen ? { ...event, bytes } : event));
          expect(straight(damaged)).toBe(byValues(damaged));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
