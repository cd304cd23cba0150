import { brotliCompressSync, constants } from 'node:zlib';
import type { CharsetGrid } from './read-grids.ts';

/**
 * The grids in the form that multi-byte-charsets.ts of the decoder reads, compressed: the length of a JSON head (4 bytes,
 * little-endian), the head, then 16-bit differences from unit to unit, which repeat more than the units do.
 */
export function encodeTables(charsets: ReadonlyMap<string, readonly CharsetGrid[]>): Buffer {
  const grids = [...charsets].flatMap(([charset, list]) => list.map((grid) => ({ charset, ...grid })));
  const head = Buffer.from(JSON.stringify(grids.map(({ units, ...place }) => ({ ...place, length: units.length }))));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const values = Buffer.alloc(2 * grids.reduce((sum, { units }) => sum + units.length, 0));
  let at = 0;
  let previous = 0;
  for (const unit of grids.flatMap(({ units }) => [...units])) {
    at = values.writeUInt16LE((unit - previous) & 0xffff, at);
    previous = unit;
  }
  const plain = Buffer.concat([length, head, values]);
  return brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
}
