/** Quoted names, strings, comments, words, other characters: MySQL manual, "Lexical Structure". */
const TOKEN =
  /`(?:[^`]|``)*`|"(?:[^"\\]|\\[^]|"")*"|'(?:[^'\\]|\\[^]|'')*'|\/\*[^]*?\*\/|--[ \t][^\n]*|#[^\n]*|[\p{L}\p{N}_$\u0080-\uffff]+|\S/gu;

/**
 * The parts of an ALTER TABLE, each as its words, names (quotes removed) and characters; empty when it is no ALTER TABLE.
 * Strings keep their quotes. Comments are left out.
 */
export function alterParts(statement: string): readonly (readonly string[])[] {
  const tokens = [...statement.matchAll(TOKEN)].map(([text]) => text).filter((text) => !/^(?:\/\*|--|#)/.test(text));
  let at = tokens.findIndex((text) => /^table$/i.test(text)) + 1;
  if (!/^alter$/i.test(tokens[0] ?? '') || at === 0) return [];
  if (/^if$/i.test(tokens[at] ?? '')) at += 2;
  at += tokens[at + 1] === '.' ? 3 : 1;
  const parts: string[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(at)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token.startsWith('`') ? token.slice(1, -1).replaceAll('``', '`') : token);
  }
  return parts;
}
