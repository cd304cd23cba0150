import { describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { systemClock } from '@lutra/model';
import { BinlogStreamBuilder, payloadBody } from '@lutra/testing';
import { BinlogDump } from '../src/binlog-dump.ts';

const OK = Buffer.from([7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
const END = Buffer.from([0xfe, 0, 0, 2, 0]);
const PAYLOAD = 40;

/** A dump of what a server has sent already, the answer to the register command in front. */
function dumpOf(bytes: Buffer): BinlogDump {
  const socket = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const dump = new BinlogDump(socket as unknown as Socket, {
    source: {
      definition: { kind: 'mysql', host: 'db', port: 3306, user: 'lutra', tls: 'disabled' },
      password: '',
      clock: systemClock,
    },
    hasChecksum: true,
    commands: [Buffer.alloc(0), Buffer.alloc(0)],
    isCompressed: false,
    place: 'bin.000001:4',
    livenessMs: 10_000,
    onReady: () => undefined,
    skip: null,
  });
  socket.emit('data', Buffer.concat([OK, bytes]));
  return dump;
}

const log = () => new BinlogStreamBuilder().rotate('bin.000001').formatDescription();

describe('the end of the log', () => {
  it('is told when everything before it was taken', () => {
    const dump = dumpOf(log().query('BEGIN').packet(END).bytes);
    expect(dump.take()).toHaveLength(3);
    expect(dump.isAtEndOfLog).toBe(false);
    expect(() => dump.take()).toThrow('SOURCE_CONNECTION_LOST');
    expect(dump.isAtEndOfLog).toBe(true);
  });

  it('is not what ends a dump whose last transaction is damaged', () => {
    const body = payloadBody(Buffer.alloc(40, 7));
    const dump = dumpOf(log().event({ type: PAYLOAD, body }).packet(END).bytes);
    const takeAll = () => {
      while (dump.take() !== null);
    };
    expect(takeAll).toThrow('SOURCE_EVENT_CORRUPT');
    expect(dump.isAtEndOfLog).toBe(false);
  });
});
