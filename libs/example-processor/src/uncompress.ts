import { inflate } from 'node:zlib';
import { promisify } from 'node:util';
import { changed, defineProcessor, refused, UNCHANGED } from '@lutra/processor';
import type { ProcessorAnswer, ProcessorRow } from '@lutra/processor';

/** What COMPRESS() of MySQL and MariaDB begins with: the length of what it holds, in four bytes. */
const LENGTH_BYTES = 4;
/** The upper two bits are not of the length. */
const LENGTH_MASK = 0x3fffffff;

interface Settings {
  readonly column: string;
  readonly bytesMax: number;
}

const unpack = promisify(inflate);

/**
 * What COMPRESS() has packed becomes text again. As it works in extract, filters, expressions and routes of all mappings of the
 * table see the text.
 */
export const processor = defineProcessor<Settings>({
  stage: 'extract',
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['column'],
    properties: {
      column: { type: 'string', minLength: 1 },
      bytesMax: { type: 'integer', minimum: 1, maximum: 16_777_216, default: 1_048_576 },
    },
  },
  columns: ({ settings, table }) => {
    if (table.columns.some(({ name }) => name === settings.column))
      return [{ name: settings.column, type: 'longtext' }];
    throw new Error(`${table.schema}.${table.table} has no column ${settings.column}`);
  },
  open: ({ settings }) => ({ process: (rows) => Promise.all(rows.map((row) => unpacked(row, settings))) }),
});

async function unpacked(row: ProcessorRow, { column, bytesMax }: Settings): Promise<ProcessorAnswer> {
  const packed = row[column];
  // Its type is another now: a value has to be given, or it is NULL.
  if (packed === null || packed === undefined) return UNCHANGED;
  if (!(packed instanceof Uint8Array)) return refused(`${column} holds no bytes`);
  if (packed.length === 0) return changed({ [column]: '' });
  if (packed.length <= LENGTH_BYTES) return refused(`${column} holds nothing that COMPRESS() makes`);
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const length = bytes.readUInt32LE(0) & LENGTH_MASK;
  if (length > bytesMax) return refused(`${column} would hold more than ${bytesMax} bytes`);
  try {
    const text = await unpack(bytes.subarray(LENGTH_BYTES), { maxOutputLength: Math.max(length, 1) });
    return text.length === length
      ? changed({ [column]: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text) })
      : refused(`${column} holds another number of bytes than it says`);
  } catch {
    return refused(`${column} holds nothing that COMPRESS() makes of text in UTF-8`);
  }
}
