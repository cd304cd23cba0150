/**
 * JSON text in one spelling: no blanks, keys in order, escapes resolved, numbers by their exact decimal value (1.50 is 1.5).
 * MySQL stores JSON in a form of its own and prints it in another spelling than it was given; MariaDB keeps the text.
 */
export function canonicalJson(text: string): string {
  const reader = new JsonReader(text);
  const value = reader.value();
  reader.end();
  return value;
}

/** Not JSON.parse: that would lose digits of large numbers. */
class JsonReader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): string {
    this.skipBlanks();
    const first = this.text[this.at];
    if (first === '{') return this.object();
    if (first === '[') return this.array();
    return first === '"' ? this.string() : exactNumber(this.match(SCALAR, 'a value'));
  }

  end(): void {
    this.skipBlanks();
    if (this.at !== this.text.length) throw this.unexpected('the end');
  }

  private object(): string {
    const members = this.list('{', '}', () => {
      this.skipBlanks();
      const key = this.string();
      this.skipBlanks();
      this.take(':');
      return { key, value: this.value() };
    });
    members.sort((a, b) => (a.key < b.key ? -1 : 1));
    return `{${members.map(({ key, value }) => `${key}:${value}`).join(',')}}`;
  }

  private array(): string {
    return `[${this.list('[', ']', () => this.value()).join(',')}]`;
  }

  private list<T>(open: string, close: string, item: () => T): T[] {
    const items: T[] = [];
    this.take(open);
    this.skipBlanks();
    if (this.text[this.at] !== close) {
      items.push(item());
      this.skipBlanks();
      while (this.text[this.at] === ',') {
        this.at += 1;
        items.push(item());
        this.skipBlanks();
      }
    }
    this.take(close);
    return items;
  }

  /** Escapes are resolved, so that "\u00e9" and "é" are the same. */
  private string(): string {
    return JSON.stringify(JSON.parse(this.match(STRING, 'a string')));
  }

  private match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw this.unexpected(what);
    this.at += found.length;
    return found;
  }

  private take(character: string): void {
    if (this.text[this.at] !== character) throw this.unexpected(character);
    this.at += 1;
  }

  private skipBlanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  private unexpected(wanted: string): Error {
    return new Error(`JSON: ${wanted} expected at character ${String(this.at)}`);
  }
}

/** Digits without zeros at either end, and the power of ten that belongs to them; words stay as they are. */
function exactNumber(literal: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal);
  if (match === null) return literal;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return '0';
  const significant = digits.replace(/0+$/, '');
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${String(power)}`;
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
