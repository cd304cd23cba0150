/** A token of SQL: a word (keyword or name), a quoted name, a text, a number, or a sign. */
export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'sign' | 'end';
  readonly text: string;
}

const WORD = /[A-Za-z_@][\w@$]*/y;
const NUMBER = /\d+(\.\d+)?(e-?\d+)?/iy;
const BYTES = /x'([0-9a-f]*)'/iy;
const SIGN = /<=>|<=|>=|<>|!=|:=|[-+*/(),.;=<>?]/y;

/** Cuts one statement into tokens. Throws on a sign that the interpreter does not know. */
export function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql);
  };
  while (at < sql.length) {
    const sign = sql.charAt(at);
    if (sign === ' ' || sign === '\n') {
      at += 1;
      continue;
    }
    if (sign === "'" || sign === '`') {
      const { text, end } = quoted(sql, at, sign);
      tokens.push({ kind: sign === '`' ? 'name' : 'text', text });
      at = end;
      continue;
    }
    const bytes = match(BYTES);
    const found = bytes ?? match(NUMBER) ?? match(WORD) ?? match(SIGN);
    if (found === null) throw new Error(`No token at '${sql.slice(at, at + 20)}' of ${sql.slice(0, 200)}`);
    tokens.push(bytes === null ? plain(found[0]) : { kind: 'text', text: bytes[1] ?? '' });
    at += found[0].length;
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function plain(text: string): Token {
  if (/^\d/.test(text)) return { kind: 'number', text };
  if (/^[A-Za-z_@]/.test(text)) return { kind: 'word', text };
  return { kind: 'sign', text };
}

function quoted(sql: string, start: number, quote: string): { readonly text: string; readonly end: number } {
  let text = '';
  for (let at = start + 1; at < sql.length; at += 1) {
    const sign = sql.charAt(at);
    if (sign === '\\' && quote === "'") {
      at += 1;
      text += sql.charAt(at) === '0' ? '\0' : sql.charAt(at);
    } else if (sign !== quote) text += sign;
    else if (sql.charAt(at + 1) === quote) {
      text += quote;
      at += 1;
    } else return { text, end: at + 1 };
  }
  throw new Error(`A quote is open in ${sql.slice(0, 200)}`);
}
