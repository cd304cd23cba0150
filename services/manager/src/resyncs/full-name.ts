import { requireSafeRegex } from '@lutra/mapping';
import type { TableName } from '@lutra/model';
import { isRange, rangeRegex, readRange } from '../mappings/name-range.ts';

/** Names that a full name of retl_buffer stands for. */
export interface FullName {
  /** Null: a pattern. */
  readonly exact: TableName | null;
  covers(name: TableName): boolean;
}

const PLAIN = /^[^[\]().*+?|\\^${}]+$/;

/**
 * Reads a full name as Otter writes them: schema and table parted by the first dot outside of brackets, each a name, a name with an
 * indexed range ('item[0001-0128]') or a regular expression over the whole name. A string says why it is none.
 */
export function readFullName(text: string): FullName | string {
  const dot = firstDot(text);
  if (dot <= 0 || dot === text.length - 1) return 'FULL_NAME has to be schema.table';
  const [schema, table] = [text.slice(0, dot), text.slice(dot + 1)];
  if (PLAIN.test(schema) && PLAIN.test(table)) {
    const exact = { schema, table };
    return { exact, covers: (name) => name.schema === schema && name.table === table };
  }
  const [coversSchema, coversTable] = [patternOf(schema), patternOf(table)];
  if (coversSchema === null || coversTable === null) return 'FULL_NAME is no pattern that can be used';
  return { exact: null, covers: (name) => coversSchema(name.schema) && coversTable(name.table) };
}

function firstDot(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '(' || character === '[') depth += 1;
    else if (character === ')' || character === ']') depth -= 1;
    else if (character === '.' && depth === 0) return index;
  }
  return -1;
}

/** Null: it does not compile, is no range, or some names would keep it busy for very long. */
function patternOf(text: string): ((name: string) => boolean) | null {
  if (PLAIN.test(text)) return (name) => name === text;
  try {
    const regex = isRange(text) ? rangeRegex(readRange(text, 'FULL_NAME')) : text;
    requireSafeRegex(regex);
    const pattern = new RegExp(`^(?:${regex})$`, 'u');
    return (name) => pattern.test(name);
  } catch {
    return null;
  }
}
