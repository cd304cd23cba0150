import type { TableDefinition } from '@lutra/model';
import { corrupt } from '../decoder/byte-cursor.ts';
import { isTableDefinition } from './is-table-definition.ts';

/** Number of our field among those of a table map's optional metadata. Servers count up from 1 and have come to 13. */
export const DEFINITION_FIELD = 0xff;
/** A field of this number that does not begin so is not ours. */
const MAGIC = 'lutra1';

/** The value of the field: JSON, read once per table and process. */
export const encodeDefinition = (definition: TableDefinition): Buffer =>
  Buffer.from(MAGIC + JSON.stringify(definition), 'utf8');

/** Undefined when the field is not ours. Throws SOURCE_EVENT_CORRUPT. */
export function decodeDefinition(value: Buffer): TableDefinition | undefined {
  if (value.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  const definition = parse(value.toString('utf8', MAGIC.length));
  if (!isTableDefinition(definition)) throw corrupt('a table definition that cannot be read');
  return definition;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
