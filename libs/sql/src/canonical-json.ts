const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/y;

/**
 * The same text for JSON documents of the same content, whatever their blanks, the order of their keys and the spelling of
 * their numbers; integers keep all their digits. A text that is no JSON stays as it is.
 */
export function canonicalJson(text: string): string {
  const reader = { text, at: 0 };
  try {
    const canonical = readValue(reader, nextToken(reader));
    return text.slice(reader.at).trim() === '' ? canonical : text;
  } catch {
    return text;
  }
}

interface Reader {
  readonly text: string;
  at: number;
}

interface Token {
  readonly sign?: string | undefined;
  readonly string?: string | undefined;
  readonly number?: string | undefined;
  readonly word?: string | undefined;
}

function nextToken(reader: Reader): Token {
  TOKEN.lastIndex = reader.at;
  const match = TOKEN.exec(reader.text);
  if (match === null) throw new Error('No JSON');
  reader.at = TOKEN.lastIndex;
  const [, sign, string, number, word] = match;
  return { sign, string, number, word };
}

function readValue(reader: Reader, { sign, string, number, word }: Token): string {
  if (sign === '{') return readObject(reader);
  if (sign === '[') return readArray(reader);
  if (string !== undefined) return JSON.stringify(JSON.parse(string));
  if (number !== undefined) return canonicalNumber(number);
  if (word !== undefined) return word;
  throw new Error('No JSON');
}

function readObject(reader: Reader): string {
  // Of a key that repeats the last value counts, as in both servers.
  const members = new Map<string, string>();
  for (let token = nextToken(reader); token.sign !== '}'; token = nextToken(reader)) {
    const key = token.sign === ',' ? nextToken(reader) : token;
    if (key.string === undefined || nextToken(reader).sign !== ':') throw new Error('No JSON');
    members.set(JSON.stringify(JSON.parse(key.string)), readValue(reader, nextToken(reader)));
  }
  const sorted = [...members].sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, value]) => `${key}:${value}`).join(',')}}`;
}

function readArray(reader: Reader): string {
  const items: string[] = [];
  for (let token = nextToken(reader); token.sign !== ']'; token = nextToken(reader))
    items.push(readValue(reader, token.sign === ',' ? nextToken(reader) : token));
  return `[${items.join(',')}]`;
}

function canonicalNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return text === '-0' ? '0' : text;
  const value = Number(text);
  return Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value + 0) : String(value);
}
