import type { ColumnDefinition, ColumnValue, TableDefinition } from '@lutra/model';
import type { RowKey } from './copied-rows.ts';

const INTEGER = /^-?\d{1,20}$/;
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const FLOAT = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const HEX = /^0x(?:[\da-f]{2})*$/i;
const FIXED_BYTES = /^binary\((\d+)\)/i;
const TEXTS: Readonly<Partial<Record<ColumnDefinition['kind'], RegExp>>> = {
  decimal: DECIMAL,
  date: /^\d{4}-\d\d-\d\d$/,
  datetime: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  timestamp: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  time: /^-?\d{1,3}:\d\d:\d\d(?:\.\d{1,6})?$/,
};

/**
 * A key that somebody has written down, in the order of the table's primaryKey: numbers in digits, times as the server prints
 * them (timestamps in UTC), bytes as 0x and hexadecimal digits or as text. A string says why it cannot be one.
 */
export function readKey({ columns, primaryKey }: TableDefinition, texts: readonly string[]): RowKey | string {
  if (texts.length !== primaryKey.length)
    return `The key has ${String(primaryKey.length)} columns, and ${String(texts.length)} values are given`;
  const key: ColumnValue[] = [];
  for (const [index, position] of primaryKey.entries()) {
    const column = columns[position];
    const text = texts[index];
    const value = column === undefined || text === undefined ? null : valueOfText(column, text);
    if (value === null) return `The value for ${column?.name ?? ''} is none of ${column?.declared ?? ''}`;
    key.push(value);
  }
  return key;
}

/** Null: no value of the column. */
function valueOfText({ kind, bytes, declared, labels }: ColumnDefinition, text: string): ColumnValue | null {
  switch (kind) {
    case 'integer':
    case 'year':
      if (!INTEGER.test(text)) return null;
      return bytes === 8 ? BigInt(text) : Number(text);
    case 'bit':
      return INTEGER.test(text) && !text.startsWith('-') ? BigInt(text) : null;
    case 'float':
    case 'double':
      return FLOAT.test(text) ? Number(text) : null;
    case 'binary':
      return padded(HEX.test(text) ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'utf8'), declared);
    case 'enum':
      return text === '' || labels?.includes(text) !== false ? text : null;
    case 'set':
      return text === '' || text.split(',').every((label) => labels?.includes(label) !== false) ? text : null;
    default:
      return TEXTS[kind]?.test(text) !== false && text.isWellFormed() ? text : null;
  }
}

/** As the server has it: binary(n) holds n bytes. Null: too many. */
function padded(bytes: Buffer, declared: string): Buffer | null {
  const length = FIXED_BYTES.exec(declared)?.[1];
  if (length === undefined) return bytes;
  if (bytes.length > Number(length)) return null;
  return Buffer.concat([bytes], Number(length));
}

/** The key as people are told of it; what {@link readKey} reads. */
export const keyTexts = (key: RowKey): readonly string[] =>
  key.map((value) =>
    value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : value === null ? '' : String(value),
  );
