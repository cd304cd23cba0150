import { isCollection, isMap, isScalar, LineCounter, parseDocument, stringify, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { SyncError } from '@lutra/model';

/** A channel of a thousand mappings with lists of columns. */
export const DOCUMENT_CHARACTERS_MAX = 2 * 1024 * 1024;
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
  try {
    const lines = new LineCounter();
    // The parser compares each field with all others of its map, which takes hours for a large one: see refuseOddities.
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: false, logLevel: 'error' });
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
  throw new SyncError('REQUEST_INVALID', { problem, fields: [{ field: 'document', problem }] });
}
