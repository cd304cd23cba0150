import { alterParts } from '@lutra/sql';

/** The columns that the parts of an ALTER TABLE are about; null when one is about something else, or that is not certain. */
export function columnsConcerned(text: string): readonly string[] | null {
  const names = alterParts(text).map(namesOf);
  const known = names.filter((part) => part !== null);
  return names.length === 0 || known.length < names.length ? null : known.flat();
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
