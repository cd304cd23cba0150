import { isAscii, isUtf8 } from 'node:buffer';
import { textDecoderOf } from './decoder/charsets.ts';
import type { TextDecode } from './decoder/charsets.ts';
import { charsetOfCollation } from './schema/collation-charset.ts';

/** Number of the status variable that holds the client's character set (Q_CHARSET_CODE). */
const CHARSET = 4;
/** Bytes of the variables that may stand before it: flags, sql_mode, auto_increment. */
const BYTES_BEFORE = new Map([
  [0, 4],
  [1, 8],
  [3, 4],
]);
/** The catalog, with its length before it; of old servers with a zero behind it. */
const CATALOG_WITH_ZERO = 2;
const CATALOG = 6;
/** What the servers write themselves is in UTF-8, whatever the client speaks: names of savepoints, and CREATE TABLE … SELECT. */
const BY_SERVER = /^(?:SAVEPOINT|ROLLBACK TO) |^CREATE (?:OR REPLACE )?TABLE (?:IF NOT EXISTS )?`.*` \(\n {2}`/;

/** Where they lie in their event. */
interface StatusVariables {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * The text of a logged statement: it is in the character set of the client that sent it, which the status variables of
 * its event name (MySQL source documentation, Query_event). Read as UTF-8, another client's `café` would be another table,
 * and the second byte of a character of gbk or sjis a quote. Bytes that are no text in it are read as UTF-8.
 */
export function statementText(statement: Buffer, variables: StatusVariables): string {
  if (isAscii(statement)) return statement.toString('latin1');
  const text = statement.toString('utf8');
  const isByServer = BY_SERVER.test(text) && isUtf8(statement);
  const decode = isByServer ? null : decoderOfClient(variables);
  if (decode === null) return text;
  try {
    return decode(statement, 0, statement.length);
  } catch {
    return text;
  }
}

/** Null for UTF-8, and where nothing better is known. */
function decoderOfClient({ buffer, start, end }: StatusVariables): TextDecode | null {
  for (let at = start; at < end;) {
    const variable = buffer[at];
    if (variable === CHARSET) {
      const charset = at + 3 <= end ? charsetOfCollation(buffer.readUInt16LE(at + 1)) : null;
      return charset === null || charset.startsWith('utf8') ? null : textDecoderOf(charset);
    }
    const length = at + 1 < end ? (buffer[at + 1] ?? 0) : 0;
    if (variable === CATALOG) at += 2 + length;
    else if (variable === CATALOG_WITH_ZERO) at += 3 + length;
    else {
      const bytes = BYTES_BEFORE.get(variable ?? -1);
      if (bytes === undefined) return null;
      at += 1 + bytes;
    }
  }
  return null;
}
