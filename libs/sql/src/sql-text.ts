import type { ColumnKind, ColumnValue } from '@lutra/model';
import { SyncError } from '@lutra/model';

/** `name` as an identifier of MySQL and MariaDB. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

export const quoteTable = (table: { readonly schema: string; readonly table: string }): string =>
  `${quoteName(table.schema)}.${quoteName(table.table)}`;

const NEEDS_ESCAPE = /['\\\0]/;

/**
 * A text literal. Sessions never run with NO_BACKSLASH_ESCAPES (see session-setup.ts), so a backslash escapes.
 * Throws TARGET_VALUE_REFUSED for half a surrogate pair: UTF-8 cannot carry it, and a replacement character would be a silent change.
 */
export function quoteText(text: string): string {
  if (!text.isWellFormed())
    throw new SyncError('TARGET_VALUE_REFUSED', {
      problem: 'A text holds half a surrogate pair, which UTF-8 cannot carry',
    });
  if (!NEEDS_ESCAPE.test(text)) return `'${text}'`;
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`;
}

/**
 * The name of a schema or table as a text that information_schema is asked for. Names are of characters of at most three
 * bytes there, and servers refuse to compare them with others (errors 1267, 1270, 3854): such a name becomes one that none is.
 */
export const quoteNameText = (name: string): string => quoteText(name.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, '\0'));

/** A binary literal; two characters per byte. */
export function quoteBytes(bytes: Uint8Array): string {
  return `x'${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}'`;
}

/** Writes one value so that the server reads exactly the same value back. */
export type LiteralWriter = (value: ColumnValue) => string;

/**
 * The writer for a column. Decimals and temporal values are quoted: assigned to a column, their text is read exactly.
 * (As the constant side of a comparison a decimal must not be quoted, see {@link keyLiteralWriter}.)
 */
export function literalWriter(kind: ColumnKind): LiteralWriter {
  return kind === 'float' || kind === 'double' ? writeFloating : writeAny;
}

/** As {@link literalWriter}, for comparisons: a decimal against text would be compared as floating point. */
export function keyLiteralWriter(kind: ColumnKind): LiteralWriter {
  return kind === 'decimal' ? writeDecimalKey : literalWriter(kind);
}

function writeAny(value: ColumnValue): string {
  switch (typeof value) {
    case 'string':
      return quoteText(value);
    case 'number':
    case 'bigint':
      return String(value);
    default:
      return value === null ? 'NULL' : quoteBytes(value);
  }
}

// With an exponent the server reads a double, not a decimal; a float arrives as the double it stands for, so that the
// server's narrowing finds the same 32 bits again. JavaScript prints the shortest text that reads back as the same double.
function writeFloating(value: ColumnValue): string {
  if (typeof value !== 'number') return writeAny(value);
  if (!Number.isFinite(value))
    throw new SyncError('TARGET_VALUE_REFUSED', { problem: 'A floating point column holds a value that is no number' });
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.includes('e') ? text : `${text}e0`;
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

function writeDecimalKey(value: ColumnValue): string {
  return typeof value === 'string' && DECIMAL.test(value) ? value : writeAny(value);
}

/** The text quoted, or NULL. */
export const quoteTextOrNull = (text: string | null): string => (text === null ? 'NULL' : quoteText(text));
