import type { Connection, RowDataPacket } from 'mysql2/promise';
import { connectTo } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** What `prefix lead trail` means for every lead and trail byte between the first and the last that mean anything. */
export interface CharsetGrid {
  /** Byte before the two, or 0 for none. */
  readonly prefix: number;
  readonly leads: readonly [number, number];
  readonly trails: readonly [number, number];
  /** UTF-16 unit per pair, row by row; 0: the server converts it to nothing or to '?'. */
  readonly units: Uint16Array;
}

/** ASCII below 0x80 in all of them; the Japanese EUC ones have three-byte characters after 0x8F. */
const CHARSETS: ReadonlyMap<string, { readonly prefixes: readonly number[] }> = new Map([
  // Neighbours resemble each other, which makes the file small.
  ['gb18030', { prefixes: [0] }],
  ['gbk', { prefixes: [0] }],
  ['gb2312', { prefixes: [0] }],
  ['eucjpms', { prefixes: [0, 0x8f] }],
  ['ujis', { prefixes: [0, 0x8f] }],
  ['cp932', { prefixes: [0] }],
  ['sjis', { prefixes: [0] }],
  ['euckr', { prefixes: [0] }],
  ['big5', { prefixes: [0] }],
]);

/** Every two-byte (and after 0x8F three-byte) character of the server's charsets. Charsets that the server lacks are left out. */
export async function readGrids(server: DatabaseServer): Promise<Map<string, readonly CharsetGrid[]>> {
  const connection = await connectTo(server);
  try {
    const grids = new Map<string, readonly CharsetGrid[]>();
    const offered = await query(connection, 'SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS');
    const names = new Set(offered.map(([name]) => name));
    for (const [charset, { prefixes }] of CHARSETS) {
      if (!names.has(charset)) continue;
      const list: CharsetGrid[] = [];
      for (const prefix of prefixes) list.push(await readGrid(connection, charset, prefix));
      grids.set(charset, list);
    }
    return grids;
  } finally {
    await connection.end();
  }
}

async function readGrid(connection: Connection, charset: string, prefix: number): Promise<CharsetGrid> {
  const rows = await query(connection, conversions(charset, prefix));
  // One character only: two are a letter and a second one, none is ill-formed. A '?' stands for what has no counterpart.
  // A pair with ASCII before is no pair: MySQL drops a lone lead byte at the end and would give the letter.
  const pairs = rows.flatMap(([bytes, text]): [number, number, number][] => {
    const lead = Number.parseInt(bytes?.slice(-4, -2) ?? '', 16);
    const trail = Number.parseInt(bytes?.slice(-2) ?? '', 16);
    const unit = text?.length === 8 ? Number.parseInt(text, 16) : 0;
    return unit === 0 || unit === 0x3f || unit === 0xfffd || lead < 0x80 ? [] : [[lead, trail, unit]];
  });
  const leads = range(pairs.map(([lead]) => lead));
  const trails = range(pairs.map(([, trail]) => trail));
  const width = trails[1] - trails[0] + 1;
  const units = new Uint16Array((leads[1] - leads[0] + 1) * width);
  for (const [lead, trail, unit] of pairs) {
    if (unit > 0xffff) throw new Error(`${charset} has two- or three-byte characters above U+FFFF`);
    units[(lead - leads[0]) * width + trail - trails[0]] = unit;
  }
  return { prefix, leads, trails, units };
}

/** All pairs in one query: the bytes, and their meaning in UTF-32. By way of binary: a literal with an introducer is refused when ill-formed. */
const conversions = (charset: string, prefix: number): string => `
  WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 255),
    bytes (b) AS (SELECT UNHEX(LPAD(HEX(n), 2, '0')) FROM numbers)
  SELECT HEX(x), HEX(CONVERT(CONVERT(x USING ${charset}) USING utf32))
  FROM (SELECT CONCAT(${prefix === 0 ? '' : `0x${prefix.toString(16)}, `}one.b, two.b) AS x FROM bytes one, bytes two) pairs
  ORDER BY x`;

async function query(connection: Connection, sql: string): Promise<(string | null)[][]> {
  const [rows] = await connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true });
  return rows as unknown as (string | null)[][];
}

function range(numbers: readonly number[]): readonly [number, number] {
  const sorted = [...new Set(numbers)].sort((one, other) => one - other);
  return [sorted[0] ?? 0, sorted.at(-1) ?? 0];
}
