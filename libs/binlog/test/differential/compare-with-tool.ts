import type { DecodedEvent } from '@lutra/binlog/decoder';
import type { ColumnDefinition, ColumnValue, DatabaseKind, RowImage } from '@lutra/model';
import { canonicalJson } from '@lutra/testing';
import { textDecoderOf } from '../../src/decoder/charsets.ts';
import { show } from './play-scenario.ts';
import type { ToolEvent, ToolImage } from './tool-reader.ts';

/** Where decoder and tool say different things, in words; [] when nowhere. `compared` counts the values that both have. */
export function compareWithTool(
  events: readonly DecodedEvent[],
  printed: readonly ToolEvent[],
  kind: DatabaseKind,
): { readonly complaints: readonly string[]; readonly compared: number } {
  const decoded = joinAsPrinted(events, printed);
  const complaints: string[] = [];
  let compared = 0;
  if (decoded.length !== printed.length) {
    complaints.push(`${String(decoded.length)} events decoded, ${String(printed.length)} printed`);
  }
  printed.forEach(({ rows, isStopped }, index) => {
    const event = decoded[index];
    if (event === undefined) return;
    if (!isStopped && event.rows.length !== rows.length)
      complaints.push(`event ${String(index)}: other number of rows`);
    rows.forEach((row, rowIndex) => {
      if (row.kind !== event.kind)
        complaints.push(`event ${String(index)}: ${event.kind} decoded, ${row.kind} printed`);
      for (const side of ['before', 'after'] as const) {
        const theirs = row[side];
        const ours = event.rows[rowIndex]?.[side];
        if (theirs === undefined) continue;
        const { columns } = event.table;
        const problems = compareImage(ours, theirs, { columns, kind, isStopped });
        compared += theirs.size;
        complaints.push(
          ...problems.map((problem) => `event ${String(index)} row ${String(rowIndex)} ${side}: ${problem}`),
        );
      }
    });
  });
  return { complaints, compared };
}

/** MariaDB's tool prints the rows of a statement together, also when they fill more than one event (8 KiB each). */
function joinAsPrinted(events: readonly DecodedEvent[], printed: readonly ToolEvent[]): DecodedEvent[] {
  const joined: DecodedEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    const wanted = printed[joined.length - 1]?.rows.length ?? 0;
    if (last?.kind === event.kind && last.rows.length < wanted && printed[joined.length - 1]?.isStopped === false)
      joined[joined.length - 1] = { ...last, rows: [...last.rows, ...event.rows] };
    else joined.push(event);
  }
  return joined;
}

interface ImageContext {
  readonly columns: readonly ColumnDefinition[];
  readonly kind: DatabaseKind;
  readonly isStopped: boolean;
}

function compareImage(
  ours: RowImage | undefined,
  theirs: ToolImage,
  { columns, kind, isStopped }: ImageContext,
): string[] {
  return columns.flatMap((column, index) => {
    const printed = theirs.get(index + 1);
    const value = ours?.[index];
    if (printed === undefined && (isStopped || value === undefined)) return [];
    if (printed === undefined || value === undefined) {
      return [`${column.name} is in one image only`];
    }
    return isSame(value, printed, { column, kind })
      ? []
      : [`${column.name} ${column.declared}: ${show(value)}, tool ${printed}`];
  });
}

interface ComparedColumn {
  readonly column: ColumnDefinition;
  readonly kind: DatabaseKind;
}

function isSame(value: ColumnValue, printed: string, { column, kind }: ComparedColumn): boolean {
  if (value === null || printed === 'NULL') return value === null && printed === 'NULL';
  switch (column.kind) {
    case 'integer': {
      // Unsigned values that are negative as signed ones stand in brackets.
      const [signed = '', unsigned] = printed.split(' ');
      const number = column.unsigned === true && unsigned !== undefined ? unsigned.slice(1, -1) : signed;
      return BigInt(number) === BigInt(value as number | bigint);
    }
    case 'decimal':
      return printed === value;
    case 'float':
      return isRounded(Number(printed), value as number);
    case 'double':
      return Number(printed) === value;
    case 'bit':
      return BigInt(`0b${printed.slice(2, -1)}`) === value;
    case 'year':
      return Number(printed) === value;
    case 'date':
      return printed.slice(1, -1).replaceAll(':', '-') === value;
    case 'timestamp':
      return printed === secondsOf(String(value));
    case 'time':
    case 'datetime':
      return printed.slice(1, -1) === value;
    case 'enum':
      return (column.labels?.[Number(printed) - 1] ?? '') === value;
    case 'set':
      return labelsOf(printed.slice(2, -1), column.labels ?? []) === value;
    default:
      if (column.declared.startsWith('vector')) return isSameVector(value as Uint8Array, printed);
      return isSameBytes(value, bytesOf(printed.slice(1, -1), kind), { column, kind });
  }
}

/** Six digits, of which a half is rounded to the even one: -8778.125 is printed as -8778.12. */
const isRounded = (printed: number, value: number): boolean =>
  printed === value || Math.abs(printed - value) <= 5.000_001 * 10 ** (Math.floor(Math.log10(Math.abs(value))) - 6);

/** '[1.50000e+00,…]': the corpus has vectors of numbers that six digits tell exactly. */
function isSameVector(value: Uint8Array, printed: string): boolean {
  const numbers = Float32Array.from(JSON.parse(printed) as number[]);
  return Buffer.compare(Buffer.from(numbers.buffer), value) === 0;
}

function isSameBytes(value: ColumnValue, printed: Buffer, { column, kind }: ComparedColumn): boolean {
  // MariaDB's tool prints a backslash as it is: \\x00 of the value and the escape of a zero byte look the same.
  if (
    kind === 'mariadb' &&
    String(value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value).includes('\\x')
  ) {
    return true;
  }
  if (value instanceof Uint8Array) {
    const isPadded = column.declared.startsWith('binary');
    return (
      Buffer.compare(
        isPadded ? withoutZeros(Buffer.from(value)) : Buffer.from(value),
        isPadded ? withoutZeros(printed) : printed,
      ) === 0
    );
  }
  if (/^(?:uuid|inet)/.test(column.declared) || /compressed/i.test(column.declared)) return true;
  if (column.kind === 'json') return isSameDocument(String(value), printed.toString('utf8'));
  return textDecoderOf(column.charset ?? '')?.(printed, 0, printed.length) === value;
}

/** A document that is a text and nothing else is printed without its quotes. */
function isSameDocument(value: string, printed: string): boolean {
  const document = JSON.parse(value) as unknown;
  return typeof document === 'string' ? document === printed : canonicalJson(printed) === canonicalJson(value);
}

function withoutZeros(bytes: Buffer): Buffer {
  let { length } = bytes;
  while (length > 0 && bytes[length - 1] === 0) length -= 1;
  return bytes.subarray(0, length);
}

const ESCAPED = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['a', '\x07'],
  ['0', '\0'],
]);

/** The bytes of a printed text. mysqlbinlog escapes quotes and backslashes too, mariadb-binlog only control bytes. */
function bytesOf(printed: string, kind: DatabaseKind): Buffer {
  const pattern = kind === 'mysql' ? /\\(?:x([0-9a-f]{2})|(.))/gs : /\\x([0-9a-f]{2})/g;
  const plain = printed.replaceAll(pattern, (_all, hex?: string, letter?: string) => {
    return hex === undefined
      ? (ESCAPED.get(letter ?? '') ?? letter ?? '')
      : String.fromCharCode(Number.parseInt(hex, 16));
  });
  return Buffer.from(plain, 'latin1');
}

/** The bytes of a set are printed in the order in which they are stored: the lowest first. */
function labelsOf(bits: string, labels: readonly string[]): string {
  const bytes = bits.match(/.{8}/g) ?? [];
  const mask = BigInt(`0b${bytes.reverse().join('')}`);
  return labels.filter((_, index) => ((mask >> BigInt(index)) & 1n) === 1n).join(',');
}

/** '2024-02-29 12:00:00.25' in UTC as the tool prints a timestamp: seconds since 1970 with the same fraction. */
function secondsOf(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const seconds = whole.startsWith('0000') ? 0 : Date.parse(`${whole.replace(' ', 'T')}Z`) / 1000;
  return String(seconds) + (fraction === undefined ? '' : `.${fraction}`);
}
