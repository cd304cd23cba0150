import { readAlterParts } from '@lutra/sql';
import type { AlterPart } from '@lutra/sql';

/** The columns that an ALTER TABLE adds, in their order; empty when it adds none. */
export const addedColumns = (text: string): readonly string[] => readAlterParts(text).flatMap(addedBy);

/**
 * An ALTER TABLE without the columns that it adds: '' when nothing else is left, null when something that is left names one of
 * them, so that it cannot be done without it.
 */
export function withoutAddedColumns(text: string): string | null {
  const parts = readAlterParts(text);
  const left = parts.filter((part) => addedBy(part).length === 0);
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined || left.length === parts.length) return text;
  // How it is done is nothing that is done.
  if (left.every(({ words }) => HOW.has(words[0]?.toUpperCase() ?? ''))) return '';
  const added = new Set(parts.flatMap(addedBy).map((name) => name.toLowerCase()));
  if (left.some(({ words }) => words.some((word) => added.has(word.toLowerCase())))) return null;
  return text.slice(0, first.from) + left.map(({ from, to }) => text.slice(from, to)).join(', ') + text.slice(last.to);
}

const HOW = new Set(['ALGORITHM', 'LOCK', 'WAIT', 'NOWAIT']);
const NO_COLUMN = new Set(
  'INDEX KEY UNIQUE PRIMARY FULLTEXT SPATIAL CONSTRAINT FOREIGN CHECK PARTITION SYSTEM PERIOD'.split(' '),
);

function addedBy({ words }: AlterPart): readonly string[] {
  const [verb = '', ...rest] = words;
  if (verb.toUpperCase() !== 'ADD') return [];
  if (rest[0]?.toUpperCase() === 'COLUMN') rest.shift();
  else if (NO_COLUMN.has(rest[0]?.toUpperCase() ?? '')) return [];
  while (['IF', 'NOT', 'EXISTS'].includes(rest[0]?.toUpperCase() ?? '')) rest.shift();
  const [name] = rest;
  if (name === undefined) return [];
  return name === '(' ? listedColumns(rest.slice(1)) : [name];
}

/** `ADD (a INT, b INT, INDEX (a))`: the first word of each, where it is a column. */
function listedColumns(words: readonly string[]): readonly string[] {
  const names: string[] = [];
  let depth = 0;
  let isFirst = true;
  for (const word of words) {
    if (isFirst && !NO_COLUMN.has(word.toUpperCase())) names.push(word);
    if (word === '(') depth++;
    if (word === ')') depth--;
    if (depth < 0) break;
    isFirst = word === ',' && depth === 0;
  }
  return names;
}
