import { inflateRawSync, inflateSync } from 'node:zlib';
import { ByteCursor, corrupt } from './byte-cursor.ts';

const METHOD_STORED = 0;
const METHOD_ZLIB = 8;
/** Largest value that LONGTEXT could hold is 4 GiB; nothing above maxRowBytes gets this far, so neither may its content. */
const INFLATED_BYTES_MAX = 65 * 1024 * 1024;

/**
 * Content of a value of a MariaDB `COMPRESSED` column. Its first byte has the method in the high four bits; for zlib, bit 3
 * says that there is no zlib header, and the low three bits how many bytes (big-endian) tell the length of the content.
 */
export function inflateColumn(value: Buffer): Buffer {
  if (value.length === 0) return value;
  const header = value.readUInt8(0);
  const method = header >> 4;
  if (method === METHOD_STORED) return value.subarray(1);
  const lengthBytes = header & 7;
  if (method !== METHOD_ZLIB || lengthBytes === 0 || lengthBytes > 4)
    throw corrupt('a compressed column of unknown method');
  const cursor = new ByteCursor(value);
  cursor.at = 1;
  let length = 0;
  for (let index = 0; index < lengthBytes; index += 1) length = length * 256 + cursor.uint8();
  const packed = value.subarray(cursor.at);
  const options = { maxOutputLength: Math.min(Math.max(length, 1), INFLATED_BYTES_MAX) };
  try {
    const content = (header & 8) === 0 ? inflateSync(packed, options) : inflateRawSync(packed, options);
    if (content.length === length) return content;
  } catch {
    // Falls through: both ways the value is damaged.
  }
  throw corrupt('a compressed column that does not inflate');
}
