import { alterParts } from '@lutra/sql';

/** Whether each part of an ALTER TABLE is about a column that is not in the list: the target does not have it. */
export function concernsOnlyOthers(text: string, listed: readonly string[]): boolean {
  const taken = new Set(listed.map((name) => name.toLowerCase()));
  const parts = alterParts(text);
  return (
    parts.length > 0 && parts.every((part) => namesOf(part)?.every((name) => !taken.has(name.toLowerCase())) === true)
  );
}

/** The columns that a part is about; null when it is about something else, or that is not certain. */
function namesOf(part: readonly string[]): readonly string[] | null {
  const [verb = '', ...words] = part;
  const what = verb.toUpperCase();
  if (!['ADD', 'DROP', 'MODIFY', 'CHANGE'].includes(what)) return null;
  if (words[0]?.toUpperCase() === 'COLUMN') words.shift();
  else if (NO_COLUMN.has(words[0]?.toUpperCase() ?? '(')) return null;
  while (['IF', 'NOT', 'EXISTS'].includes(words[0]?.toUpperCase() ?? '')) words.shift();
  const [name, second] = words;
  if (name === undefined || name === '(') return null;
  return what === 'CHANGE' && second !== undefined ? [name, second] : [name];
}

const NO_COLUMN = new Set(
  'INDEX KEY UNIQUE PRIMARY FULLTEXT SPATIAL CONSTRAINT FOREIGN CHECK PARTITION SYSTEM PERIOD TABLESPACE ('.split(' '),
);
