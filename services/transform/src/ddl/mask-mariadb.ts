/** Strings, quoted names and comments, which are left alone. */
export const PROTECTED =
  /`(?:[^`]|``)*`|"(?:[^"\\]|\\[^]|"")*"|'(?:[^'\\]|\\[^]|'')*'|\/\*[^]*?\*\/|--[ \t][^\n]*|#[^\n]*/g;

/** What names no table and is not in MySQL's grammar, or not in the one that we have: [what, what stands for it]. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\bIF\s+(?:NOT\s+)?EXISTS\b/gi, ''],
  [/(?<=\bCREATE\s+)OR\s+REPLACE\b/gi, ''],
  [/(?<=\bALTER\s+)(?:ONLINE|IGNORE)\b/gi, ''],
  [/\b(?:WAIT\s+\d+|NOWAIT)\b/gi, ''],
  [/(?<!ROW_FORMAT\s*=?\s*)\bCOMPRESSED\b/gi, ''],
  [/\bPERSISTENT\b/gi, 'STORED'],
  [/\b(?:NOT\s+)?IGNORED\b/gi, 'VISIBLE'],
  [/(?<=[\w`]\s)(?:UUID|INET4|INET6|XMLTYPE)(?=\s*[,)\s]|$)/gi, 'INT'],
  [/(?<=[\w`]\s)VECTOR\s*\(\s*\d+\s*\)/gi, 'INT'],
  [/\bSRID\s+\d+/gi, ''],
  [/\b(?:WITH|ADD|DROP)\s+SYSTEM\s+VERSIONING\b/gi, 'FORCE'],
  [/\b(?:SECONDARY_ENGINE|AUTOEXTEND_SIZE|PAGE_COMPRESSED|PAGE_COMPRESSION_LEVEL)\s*=\s*\w+/gi, ''],
  // It describes partitions by columns and ends the statement.
  [/\bPARTITION\s+BY\b[^]*$/gi, ''],
];

/** The statement with other clauses blanked out, at the same length: names stay where they are. */
export function maskForGrammar(text: string): string {
  const holes: string[] = [];
  const open = text.replaceAll(PROTECTED, (whole) => {
    holes.push(whole);
    return '\u0001'.repeat(whole.length);
  });
  let masked = open;
  for (const [pattern, word] of MASKS)
    masked = masked.replaceAll(pattern, (whole) => (word.length > whole.length ? whole : word.padEnd(whole.length)));
  // What was blanked out whole took its strings with it.
  let at = 0;
  let from = 0;
  for (const hole of holes) {
    at = open.indexOf('\u0001'.repeat(hole.length), from);
    from = at + hole.length;
    if (masked.startsWith('\u0001', at)) masked = masked.slice(0, at) + hole + masked.slice(from);
  }
  return masked;
}
