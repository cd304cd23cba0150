import { isCollection, isMap, isScalar, Lexer, LineCounter, parseDocument, stringify, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { SyncError } from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';

/** A channel of a thousand mappings, and some lists of columns; larger texts take seconds to read. */
export const DOCUMENT_CHARACTERS_MAX = 512 * 1024;
/** Our documents have eight levels. */
const DEPTH_MAX = 32;
const TOO_DEEP = `The document is nested more than ${String(DEPTH_MAX)} levels deep`;
/** Names that are more than data in JavaScript. */
const REFUSED_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/**
 * The data of a YAML 1.2 text, of which JSON is a part. Plain data only: no anchors and aliases (small texts that become
 * huge), no tags, no field twice, one document. Throws REQUEST_INVALID with the line.
 */
export function readYaml(text: string): unknown {
  if (text.length > DOCUMENT_CHARACTERS_MAX)
    return refuse(`The document has more than ${String(DOCUMENT_CHARACTERS_MAX)} characters`);
  refuseDepth(text);
  try {
    const lines = new LineCounter();
    // The parser compares each field with all others of its map, which takes hours for a large one: see refuseOddities.
    const options = { uniqueKeys: false, merge: false, prettyErrors: false, logLevel: 'error' } as const;
    const document = parseDocument(text, { ...options, lineCounter: lines });
    const [error] = [...document.errors, ...document.warnings];
    if (error?.code === 'RESOURCE_EXHAUSTION') return refuse(TOO_DEEP);
    if (error !== undefined) {
      const { line } = lines.linePos(error.pos[0]);
      return refuse(`Line ${String(line)}: this is not YAML that can be read (${error.code})`);
    }
    refuseOddities(document, (node) => lines.linePos(node.range?.[0] ?? 0).line);
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (error) {
    if (SyncError.is(error)) throw error;
    // Deep nesting ends the parser's stack.
    if (error instanceof RangeError) return refuse(TOO_DEEP);
    throw error;
  }
}

/** Blanks before a line's first word: two for each level, and some. */
const INDENT_MAX = 4 * DEPTH_MAX;

/** Before the parser: one that is given a deep text takes minutes, or all memory, before it says so. */
function refuseDepth(text: string): void {
  let inFlow = 0;
  let inLine = 0;
  let isLineStart = true;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') inFlow += 1;
    else if (token === ']' || token === '}') inFlow -= 1;
    else if (token === '-' || token === '?' || token === ':') inLine += 1;
    else if (isLineStart && /^ +$/.test(token) && token.length > INDENT_MAX) refuse(TOO_DEEP);
    isLineStart = token.endsWith('\n');
    // Inside brackets a line may hold many fields, one behind the other.
    if (isLineStart || inFlow > 0) inLine = 0;
    if (inFlow > DEPTH_MAX || inLine > DEPTH_MAX) refuse(TOO_DEEP);
  }
}

/** Text that {@link readYaml} reads as the same data. */
export const writeYaml = (data: unknown): string => stringify(data, { lineWidth: 0, aliasDuplicateObjects: false });

function refuseOddities(document: Document, lineOf: (node: Node) => number): void {
  visit(document, {
    Alias: (_key, node) => refuse(`Line ${String(lineOf(node))}: aliases are not allowed`),
    Node: (_key, node, path) => {
      const where = `Line ${String(lineOf(node))}`;
      if ('anchor' in node && node.anchor !== undefined) refuse(`${where}: anchors are not allowed`);
      if (node.tag !== undefined) refuse(`${where}: tags are not allowed`);
      if (isCollection(node) && path.filter(isCollection).length >= DEPTH_MAX) refuse(`${where}: ${TOO_DEEP}`);
      if (isMap(node))
        refuseKeys(
          node.items.map(({ key }) => key),
          lineOf,
        );
    },
  });
}

function refuseKeys(keys: readonly unknown[], lineOf: (node: Node) => number): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (!isScalar(key) || typeof key.value !== 'string') return refuse('Names of fields have to be text');
    const where = `Line ${String(lineOf(key))}`;
    if (seen.has(key.value)) refuse(`${where}: the field ${key.value.slice(0, 100)} is there twice`);
    if (REFUSED_KEYS.includes(key.value)) refuse(`${where}: the field ${key.value} does not exist`);
    seen.add(key.value);
  }
}

function refuse(problem: string): never {
  throw fieldRefusal('document', problem);
}
