import type { DatabaseKind, TableDefinition } from '@lutra/model';
import { corrupt } from '../decoder/byte-cursor.ts';
import { completeTable, isAmbiguous, isComplete } from './complete-table.ts';
import { describeTable } from './describe-table.ts';
import { DEFINITION_FIELD, encodeDefinition } from './attached-definition.ts';
import { parseTableMap } from './table-map.ts';
import type { TableMap } from './table-map.ts';

/** A table as its TABLE_MAP tells it, and whether that is everything. */
export interface LoggedTable {
  readonly map: TableMap;
  /** What the map says alone. */
  readonly known: TableDefinition;
  /** False when names, charsets or labels have to come from somewhere else. */
  readonly isWhole: boolean;
}

/**
 * Reads a TABLE_MAP event of a source (header included, checksum cut off). Throws SOURCE_EVENT_CORRUPT, also when it holds a
 * definition already: no server writes one, and later stages would believe it.
 */
export function readLoggedTable(event: Uint8Array, kind: DatabaseKind): LoggedTable {
  const map = parseTableMap(event);
  if (map.optional.definition !== undefined) throw corrupt('a table map with a definition that Lutra has not attached');
  const known = describeTable(map, kind);
  return { map, known, isWhole: isComplete(known) && !isAmbiguous(map, known, kind) };
}

/**
 * The TABLE_MAP with the definition that completes it appended as one more field of its optional metadata: readers that do
 * not know the field pass over it, as over any that a newer server adds. Throws what {@link completeTable} throws.
 */
export function attachDefinition(
  event: Uint8Array,
  { map, known }: LoggedTable,
  current: TableDefinition | null,
): Buffer {
  const value = encodeDefinition(completeTable(map, known, current));
  const head = Buffer.alloc(10);
  head.writeUInt8(DEFINITION_FIELD, 0);
  // The protocol's length-encoded integer in its longest form: 0xfe and 8 bytes.
  head.writeUInt8(0xfe, 1);
  head.writeUInt32LE(value.length, 2);
  return Buffer.concat([event, head, value]);
}
