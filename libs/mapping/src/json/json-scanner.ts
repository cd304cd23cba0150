/** As deep as MySQL lets a document be. */
const DEPTH_MAX = 100;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
/** What a string may hold unescaped, up to its end or to an escape. */
const CHARACTERS = /[^"\\\u0000-\u001f]*/y; // the control characters are what JSON forbids
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** What is said of a text that is no JSON; never leaves this library. */
export class NoJson extends Error {}

/** Where a value stands in its text. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

export interface JsonSink {
  /** A member begins whose name has been read; `start` and `end`: where its value stands. */
  readonly member?: (name: string, start: number, end: number) => void;
  readonly element?: (start: number, end: number) => void;
}

/**
 * Walks over a JSON text (RFC 8259) and checks it without making anything of it: numbers keep their digits, and a document of
 * 64 MiB costs no more memory than its text. Throws {@link NoJson}.
 */
export class JsonScanner {
  private at: number;

  constructor(private readonly text: string) {
    this.at = 0;
  }

  /** Where the one value of the text stands. */
  whole(): JsonSpan {
    this.at = 0;
    this.blanks();
    const start = this.at;
    this.value(DEPTH_MAX);
    const end = this.at;
    this.blanks();
    if (this.at !== this.text.length) throw new NoJson();
    return { start, end };
  }

  /** Tells the parts of the object or array that begins at `start`; a text that {@link whole} has accepted. */
  parts(start: number, sink: JsonSink): void {
    this.at = start;
    if (this.text[start] === '{') this.object(DEPTH_MAX, sink);
    else if (this.text[start] === '[') this.array(DEPTH_MAX, sink);
  }

  private value(depth: number): void {
    switch (this.text.charCodeAt(this.at)) {
      case 0x22:
        this.string();
        return;
      case 0x7b:
        this.object(depth);
        return;
      case 0x5b:
        this.array(depth);
        return;
      case 0x74:
      case 0x66:
      case 0x6e:
        this.take(LITERAL);
        return;
      default:
        this.take(NUMBER);
    }
  }

  private object(depth: number, sink?: JsonSink): void {
    if (depth === 0) throw new NoJson();
    if (this.opens('}')) return;
    for (;;) {
      this.blanks();
      const nameAt = this.at;
      this.string();
      const nameEnd = this.at;
      this.blanks();
      if (this.text[this.at] !== ':') throw new NoJson();
      this.at += 1;
      this.blanks();
      const start = this.at;
      this.value(depth - 1);
      if (sink?.member !== undefined) sink.member(unquoted(this.text.slice(nameAt, nameEnd)), start, this.at);
      if (this.closes('}')) return;
    }
  }

  private array(depth: number, sink?: JsonSink): void {
    if (depth === 0) throw new NoJson();
    if (this.opens(']')) return;
    for (;;) {
      this.blanks();
      const start = this.at;
      this.value(depth - 1);
      sink?.element?.(start, this.at);
      if (this.closes(']')) return;
    }
  }

  /** Behind the bracket; true when the container is empty. */
  private opens(bracket: string): boolean {
    this.at += 1;
    this.blanks();
    if (this.text[this.at] !== bracket) return false;
    this.at += 1;
    return true;
  }

  /** Behind a part: true at the end, false before the next one. */
  private closes(bracket: string): boolean {
    this.blanks();
    const next = this.text[this.at];
    if (next !== bracket && next !== ',') throw new NoJson();
    this.at += 1;
    return next === bracket;
  }

  private string(): void {
    if (this.text[this.at] !== '"') throw new NoJson();
    this.at += 1;
    for (;;) {
      CHARACTERS.lastIndex = this.at;
      CHARACTERS.test(this.text);
      this.at = CHARACTERS.lastIndex;
      if (this.text[this.at] === '"') break;
      this.take(ESCAPE);
    }
    this.at += 1;
  }

  private take(form: RegExp): void {
    form.lastIndex = this.at;
    if (!form.test(this.text)) throw new NoJson();
    this.at = form.lastIndex;
  }

  private blanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at += 1;
    }
  }
}

/** The text of a JSON string that has been checked. */
export const unquoted = (string: string): string =>
  string.includes('\\') ? (JSON.parse(string) as string) : string.slice(1, -1);
