/** Quoted names, strings, comments, words, other characters: MySQL manual, "Lexical Structure". */
const TOKEN =
  /`(?:[^`]|``)*`|"(?:[^"\\]|\\[^]|"")*"|'(?:[^'\\]|\\[^]|'')*'|\/\*[^]*?\*\/|--[ \t][^\n]*|#[^\n]*|[\p{L}\p{N}_$\u0080-\uffff]+|\S/gu;

/** A part of an ALTER TABLE, and where it stands in the text. */
export interface AlterPart {
  /** Words, names (quotes removed) and characters. Strings keep their quotes, comments are left out. */
  readonly words: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** The parts of an ALTER TABLE, each as its words; empty when it is no ALTER TABLE. */
export const alterParts = (statement: string): readonly (readonly string[])[] =>
  readAlterParts(statement).map(({ words }) => words);

/** As {@link alterParts}, with their places. */
export function readAlterParts(statement: string): readonly AlterPart[] {
  const tokens = [...statement.matchAll(TOKEN)]
    .map(({ 0: text, index }) => ({ text, index }))
    .filter(({ text }) => !/^(?:\/\*|--|#)/.test(text));
  const isWord = (at: number, word: RegExp): boolean => word.test(tokens[at]?.text ?? '');
  let at = tokens.findIndex(({ text }) => /^table$/i.test(text)) + 1;
  if (!isWord(0, /^alter$/i) || at === 0) return [];
  if (isWord(at, /^if$/i)) at += 2;
  at += isWord(at + 1, /^\.$/) ? 3 : 1;
  const parts: { words: string[]; from: number; to: number }[] = [];
  let depth = 0;
  let isNew = true;
  for (const { text, index } of tokens.slice(at)) {
    if (text === '(') depth++;
    if (text === ')') depth--;
    if (isNew) parts.push({ words: [], from: index, to: index });
    isNew = text === ',' && depth === 0;
    const part = parts.at(-1);
    if (isNew || part === undefined) continue;
    part.words.push(text.startsWith('`') ? text.slice(1, -1).replaceAll('``', '`') : text);
    part.to = index + text.length;
  }
  return parts;
}
