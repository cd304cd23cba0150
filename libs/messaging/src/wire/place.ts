import type { DonePlace, InsidePlace, Place } from '@lutra/model';
import type { ByteDecoder } from './byte-decoder.ts';
import { encodeBlock } from './byte-encoder.ts';
import type { ByteEncoder } from './byte-encoder.ts';
import { malformed } from './malformed.ts';

const MYSQL_GTID = 0;
const MARIADB_GTID = 1;
const FILE = 2;

/** A length-prefixed block: kind and fields of `done`, then 1 and the fields of `inside`, or 0. */
export function encodePlace(to: ByteEncoder, place: Place): void {
  const block = encodeBlock((inner) => {
    encodeDone(inner, place.done);
    inner.byte(place.inside === null ? 0 : 1);
    if (place.inside !== null) encodeInside(inner, place.inside);
  });
  to.bytesValue(block);
}

export function decodePlace(from: ByteDecoder): Place {
  const block = from.block();
  const done = decodeDone(block);
  return { done, inside: block.byte() === 0 ? null : decodeInside(block) };
}

function encodeDone(to: ByteEncoder, done: DonePlace): void {
  switch (done.kind) {
    case 'mysqlGtid':
      to.byte(MYSQL_GTID);
      to.text(done.gtidSet);
      return;
    case 'mariadbGtid':
      to.byte(MARIADB_GTID);
      to.text(done.gtidList);
      return;
    case 'file':
      to.byte(FILE);
      to.text(done.serverUuid);
      to.text(done.file);
      to.varint(done.offset);
  }
}

function decodeDone(from: ByteDecoder): DonePlace {
  switch (from.byte()) {
    case MYSQL_GTID:
      return { kind: 'mysqlGtid', gtidSet: from.text() };
    case MARIADB_GTID:
      return { kind: 'mariadbGtid', gtidList: from.text() };
    case FILE:
      return { kind: 'file', serverUuid: from.text(), file: from.text(), offset: from.varint() };
    default:
      throw malformed('a place has an unknown kind');
  }
}

function encodeInside(to: ByteEncoder, inside: InsidePlace): void {
  to.text(inside.gtid);
  to.varint(inside.event);
  to.varint(inside.row);
  to.varint(inside.part);
  to.text(inside.serverUuid);
}

const decodeInside = (from: ByteDecoder): InsidePlace => ({
  gtid: from.text(),
  event: from.varint(),
  row: from.varint(),
  part: from.varint(),
  serverUuid: from.text(),
});
