import { fieldRefusal } from './refuse-field.ts';

/** Bodies of the API nest four levels; more would only keep the checks busy. */
const DEPTH_MAX = 32;
/** What every object has already: the checks behind would drop them without a word. */
const OF_OBJECTS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Refuses what no field of the API can hold, whichever it is: half a surrogate pair (UTF-8 has no place for it, and the store
 * would keep another character), nesting without an end, a field that would change what an object is. Throws REQUEST_INVALID
 * with the field's path.
 */
export function requirePlainJson(value: unknown): void {
  let level: readonly (readonly [path: string, value: unknown])[] = [['', value]];
  for (let depth = 0; level.length > 0; depth += 1) {
    const [first] = level;
    if (depth > DEPTH_MAX) refuse(pathOf(first?.[0] ?? ''), `nests deeper than ${String(DEPTH_MAX)} levels`);
    level = level.flatMap(([path, one]) => childrenOf(path, one));
  }
}

function childrenOf(path: string, value: unknown): readonly (readonly [path: string, value: unknown])[] {
  if (typeof value === 'string' && !value.isWellFormed())
    refuse(pathOf(path), 'holds half a surrogate pair, which is no character');
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([name, child]) => {
    if (!name.isWellFormed() || OF_OBJECTS.has(name)) refuse(pathOf(path), 'has a field that does not exist');
    return [path === '' ? name : `${path}.${name}`, child];
  });
}

const pathOf = (path: string): string => (path === '' ? 'the body' : path.slice(0, 200));

function refuse(field: string, rest: string): never {
  throw fieldRefusal(field, `${field} ${rest}`);
}
