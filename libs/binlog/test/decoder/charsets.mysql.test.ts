/**
 * Goal: text is what the server itself makes of the bytes, in every charset that it offers and for every byte sequence.
 * Method: the server stores and converts all one- and two-byte sequences, the three-byte ones of the EUC charsets, the
 * four-byte ones of gb18030, and writes all code points in the Unicode charsets; each answer is compared with the decoder.
 * Bytes that the server does not take, or makes '?' or U+FFFD of, have to be refused.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { SyncError } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { textDecoderOf } from '../../src/decoder/charsets.ts';
import { charsetBytesMax, charsetOfCollation } from '../../src/schema/collation-charset.ts';

jest.setTimeout(60_000);

const servers = testServers();
/** For the failure message only. */
const SHOWN = 10;

/** Bytes, what the server stores of them, what it converts that to (UTF-16, big-endian); hex, null for refused. */
type Answer = readonly [string, string | null, string | null];

const decodeHex = (charset: string, hex: string): string | null => {
  const bytes = Buffer.from(hex, 'hex');
  const decode = textDecoderOf(charset);
  if (decode === null) throw new Error(`no decoder for ${charset}`);
  try {
    return decode(bytes, 0, bytes.length);
  } catch (error) {
    if (SyncError.is(error) && error.code === 'SOURCE_EVENT_UNSUPPORTED') return null;
    throw error;
  }
};

const utf16 = (hex: string): string => Buffer.from(hex, 'hex').swap16().toString('utf16le');

/** The complaint about one answer, or null. */
function complaint(charset: string, [bytes, stored, converted]: Answer): string | null {
  // What was not stored as it is can stand in no column.
  if (stored !== bytes) return decodeHex(charset, bytes) === null ? null : `${bytes} is no ${charset}, but decoded`;
  const decoded = decodeHex(charset, bytes);
  const text = converted === null ? null : utf16(converted);
  if (decoded === text) return null;
  if (decoded === null && (text === null || text === '' || /[?\ufffd]/.test(text) || !text.isWellFormed())) return null;
  // MySQL overlooks a lone lead byte at the end of eucjpms, which it never stores.
  if (charset === 'eucjpms' && decoded === null && decodeHex(charset, bytes.slice(0, -2)) === text) return null;
  return `${bytes}: server ${String(converted)}, decoder ${JSON.stringify(decoded)}`;
}

const BYTES = `
  WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 255),
    bytes (n, b) AS (SELECT n, UNHEX(LPAD(HEX(n), 2, '0')) FROM numbers)`;
const QUAD = 'FROM bytes p, bytes q, bytes r, bytes s WHERE p.n BETWEEN 0x81 AND 0x84 AND q.n BETWEEN 0x30 AND 0x39';

function sequencesOf(charset: string, bytesMax: number): string[] {
  const sequences = ['SELECT b AS x FROM bytes'];
  if (bytesMax > 1) sequences.push('SELECT CONCAT(p.b, q.b) AS x FROM bytes p, bytes q');
  if (bytesMax === 3) sequences.push("SELECT CONCAT(x'8f', p.b, q.b) AS x FROM bytes p, bytes q");
  if (charset === 'gb18030') {
    sequences.push(
      `SELECT CONCAT(p.b, q.b, r.b, s.b) AS x ${QUAD} AND r.n BETWEEN 0x81 AND 0xfe AND s.n BETWEEN 0x30 AND 0x39`,
    );
  }
  if (charset.startsWith('utf16')) {
    // All units before and behind a surrogate.
    const [high, low] = charset === 'utf16' ? ['d83d', 'de00'] : ['3dd8', '00de'];
    sequences.push(`SELECT CONCAT(x'${high}', p.b, q.b) AS x FROM bytes p, bytes q`);
    sequences.push(`SELECT CONCAT(p.b, q.b, x'${low}') AS x FROM bytes p, bytes q`);
  }
  if (charset === 'utf32') {
    sequences.push("SELECT CONCAT(x'0000', p.b, q.b) AS x FROM bytes p, bytes q");
    sequences.push("SELECT CONCAT(p.b, q.b, x'1234') AS x FROM bytes p, bytes q");
  }
  return sequences;
}

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('charsets of %s', (_name, { kind, host, port, user, password }) => {
  let connection: Connection;
  let charsets: readonly (readonly [string, number])[] = [];

  const query = async (sql: string): Promise<readonly (readonly (string | null)[])[]> => {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return rows as unknown as (string | null)[][];
  };

  beforeAll(async () => {
    connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
    await connection.query("SET sql_mode = ''");
    const offered = await query('SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS');
    charsets = offered.map(([name, bytesMax]) => [String(name), Number(bytesMax)] as const);
  });
  afterAll(() => connection.end());

  it('are decoded like the server converts them, sequence by sequence', async () => {
    expect(charsets.length).toBeGreaterThanOrEqual(kind === 'mysql' ? 41 : 40);
    for (const [charset, bytesMax] of charsets.filter(([name]) => name !== 'binary')) {
      for (const sequence of sequencesOf(charset, bytesMax)) {
        const stored = `CONVERT(x USING ${charset})`;
        const answers = await query(
          `${BYTES} SELECT HEX(x), HEX(${stored}), HEX(CONVERT(${stored} USING utf16)) FROM (${sequence}) sequences`,
        );
        const complaints = (answers as unknown as readonly Answer[]).map((answer) => complaint(charset, answer));
        expect([charset, complaints.filter((words) => words !== null).slice(0, SHOWN)]).toEqual([charset, []]);
      }
    }
  });

  it('with all code points are decoded whole', async () => {
    const wide = ['utf8mb4', 'utf16', 'utf16le', 'utf32', ...(kind === 'mysql' ? ['gb18030'] : [])];
    for (let plane = 0; plane <= 16; plane += 1) {
      const points = Array.from({ length: 0x1_00_00 }, (_, index) => plane * 0x1_00_00 + index).filter(
        (point) => point < 0xd800 || point > 0xdfff,
      );
      const text = String.fromCodePoint(...points.slice(0, 0x80_00)) + String.fromCodePoint(...points.slice(0x80_00));
      const hex = Buffer.from(text, 'utf16le').swap16().toString('hex');
      for (const charset of plane === 0 ? ['utf8mb3', 'ucs2', ...wide] : wide) {
        const [answer] = await query(`SELECT HEX(CONVERT(CONVERT(x'${hex}' USING utf16) USING ${charset}))`);
        expect([charset, plane, decodeHex(charset, String(answer?.[0])) === text]).toEqual([charset, plane, true]);
      }
    }
  });

  it('are known for every collation, with the bytes of their characters', async () => {
    // MariaDB lists its UCA 14 collations once for all charsets; the other view has one line per pair.
    const view =
      kind === 'mysql'
        ? 'SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS'
        : 'SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY';
    const collations = await query(view);
    expect(collations.length).toBeGreaterThan(280);
    const wrong = collations.filter(([id, charset]) => charsetOfCollation(Number(id)) !== charset);
    expect(wrong).toEqual([]);
    expect(charsets.filter(([name, bytesMax]) => charsetBytesMax(name) !== bytesMax)).toEqual([]);
  });
});
