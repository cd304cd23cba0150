const TEXT_MAX = 200;

// Comments, quoted text (the end may be cut off), hexadecimal and bit literals, numbers that are not part of a name.
const LITERAL =
  /\/\*[\s\S]*?(?:\*\/|$)|(?:--|#)[^\n]*|(?:(?<![\w$])[xXbBnN])?'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|"(?:[^"\\]|\\[\s\S]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|(?<![\w$`@])-?(?:0x[\da-f]+|0b[01]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w$])/gi;

/** A statement as people may see it: names stay, every literal becomes '?', comments go; at most 200 characters. */
export function stripLiterals(sql: string): string {
  const stripped = sql.replaceAll(LITERAL, (part) => {
    if (part.startsWith('`')) return part;
    return /^(?:\/\*|--|#)/.test(part) ? ' ' : '?';
  });
  const text = stripped.replaceAll(/\s+/g, ' ').trim();
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 1)}…`;
}
