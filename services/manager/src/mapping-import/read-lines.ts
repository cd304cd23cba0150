import { setImmediate } from 'node:timers/promises';
import { PLAIN_CONFLICT_POLICIES, SyncError } from '@lutra/model';
import type { ColumnMapping } from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';
import { checkedBody } from '../http/request-pipe.ts';
import { MappingCreateDto } from '../mappings/mapping.dto.ts';
import { isRange } from '../mappings/name-range.ts';
import { mappingContentOf } from '../mappings/read-mapping.ts';
import type { MappingContent } from '../mappings/read-mapping.ts';
import type { ImportFormat } from './mapping-import.dto.ts';
import { readCsv } from './read-csv.ts';

/** A line of the content: what it says, or why it says nothing. */
export interface ImportLine {
  readonly line: number;
  /** As people write it, for the answer. */
  readonly source: string;
  readonly target: string;
  readonly content: MappingContent | SyncError;
}

/** More would only be refused when they are stored. */
const LINES_MAX = 1_000;
/** An expression that is refused takes some time to look at: behind so many the rest is not looked at. */
const UNSAFE_MAX = 5;
const NOT_READ = new SyncError('REQUEST_INVALID', {
  problem: 'not looked at: too many expressions before it are refused',
});
/** An expression and three names. */
const LINE_CHARS_MAX = 1_500;
const COLUMNS = [
  ...['sourceSchema', 'sourceTable', 'targetSchema', 'targetTable'],
  ...['columns', 'except', 'renames', 'onConflict', 'weight'],
] as const;
const NEEDED = ['sourceSchema', 'sourceTable', 'targetSchema'];

/**
 * Reads every line; one that cannot be read does not keep the others from it. Other requests are answered between expressions.
 * Throws REQUEST_INVALID when the whole cannot be read.
 */
export async function readLines(format: ImportFormat, content: string): Promise<readonly ImportLine[]> {
  const lines = format === 'csv' ? readCsvLines(content) : readTextLines(content);
  if (lines.length > LINES_MAX) refuse(`content has ${String(lines.length)} lines: ${String(LINES_MAX)} at most`);
  if (lines.length === 0) refuse('content has no line with a mapping');
  const read: ImportLine[] = [];
  let unsafe = 0;
  for (const { line, source, target, plain } of lines) {
    const content = unsafe < UNSAFE_MAX ? contentOf(plain) : NOT_READ;
    const isRefused = content instanceof SyncError;
    if (isRefused && content.code === 'MAPPING_REGEX_UNSAFE') unsafe += 1;
    read.push({ line, source, target, content });
    if (isRefused ? content !== NOT_READ : 'regex' in content.source.table) await setImmediate();
  }
  return read;
}

interface PlainLine extends Omit<ImportLine, 'content'> {
  /** The mapping as a request would have it. */
  readonly plain: () => object;
}

function contentOf(plain: () => object): MappingContent | SyncError {
  try {
    return mappingContentOf(checkedBody(MappingCreateDto, plain()));
  } catch (error) {
    const failure = SyncError.of(error);
    if (failure.class === 'internal') throw failure;
    return failure;
  }
}

/** A name: plain, between backquotes (a backquote doubled), or for a table between slashes. */
const NAME = '`(?:[^`]|``)+`|[\\p{L}\\p{N}_$]+';
const TABLE = '`(?:[^`]|``)+`|/.+/|[^\\s`/]+';
/** A schema: as well with a range of numbers, at the source between slashes too. */
const SCHEMA = `${NAME}|[\\p{L}\\p{N}_$]*\\[\\d+-\\d+\\][\\p{L}\\p{N}_$]*`;
const LINE = new RegExp(`^(${SCHEMA}|/[^/]+/)\\.(${TABLE})\\s*->\\s*(${SCHEMA})(?:\\.(${TABLE}))?$`, 'u');

function readTextLines(content: string): readonly PlainLine[] {
  return content.split(/\r\n|\n|\r/).flatMap((whole, index): readonly PlainLine[] => {
    const text = whole.trim();
    if (text === '' || text.startsWith('#')) return [];
    const line = index + 1;
    const match = text.length > LINE_CHARS_MAX ? null : LINE.exec(text);
    const [, schema = '', table = '', targetSchema = '', targetTable] = match ?? [];
    const [source = '', target = ''] = text
      .slice(0, LINE_CHARS_MAX)
      .split('->')
      .map((part) => part.trim());
    const plain = (): object => {
      if (text.length > LINE_CHARS_MAX) return refuse(`the line is longer than ${String(LINE_CHARS_MAX)} characters`);
      if (schema === '') return refuse('the line has to read: schema.table -> schema.table');
      return {
        source: { schema: schemaOf(nameOf(schema), schema), table: patternOf(table) },
        target: { schema: nameOf(targetSchema), ...(targetTable === undefined ? {} : { table: nameOf(targetTable) }) },
      };
    };
    return [{ line, source, target, plain }];
  });
}

const nameOf = (text: string): string =>
  text.startsWith('`') && text.endsWith('`') && text.length > 2 ? text.slice(1, -1).replaceAll('``', '`') : text;

function patternOf(text: string): object {
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) return { regex: text.slice(1, -1) };
  if (text.startsWith('`')) return { exact: nameOf(text) };
  return isRange(text) ? { range: text } : { exact: text };
}

function schemaOf(name: string, text = name): string | object {
  const pattern = patternOf(text);
  return 'exact' in pattern ? name : pattern;
}

function readCsvLines(content: string): readonly PlainLine[] {
  const [header, ...records] = readCsv(content.replace(/^\uFEFF/, ''));
  const names = header?.values.map((name) => name.trim()) ?? [];
  const unknown = names.find((name) => !(COLUMNS as readonly string[]).includes(name));
  if (unknown !== undefined) refuse(`content: the column ${unknown} does not exist; there are ${COLUMNS.join(', ')}`);
  const missing = NEEDED.find((name) => !names.includes(name));
  if (missing !== undefined) refuse(`content: the first line has to name the column ${missing}`);
  if (new Set(names).size < names.length) refuse('content: the first line names a column twice');
  return records.map(({ line, values }): PlainLine => {
    const of = (name: (typeof COLUMNS)[number]): string => values[names.indexOf(name)]?.trim() ?? '';
    const source = `${of('sourceSchema')}.${of('sourceTable')}`;
    const target = of('targetTable') === '' ? of('targetSchema') : `${of('targetSchema')}.${of('targetTable')}`;
    const plain = (): object => {
      if (values.length > names.length) return refuse('the line has more values than the first line has names');
      return { ...namesOf(of), ...selectionOf(of), ...policyOf(of('onConflict')), ...weightOf(of('weight')) };
    };
    return { line, source, target, plain };
  });
}

type Cells = (name: (typeof COLUMNS)[number]) => string;

const namesOf = (of: Cells): object => ({
  source: { schema: schemaOf(of('sourceSchema')), table: patternOf(of('sourceTable')) },
  target: { schema: of('targetSchema'), ...(of('targetTable') === '' ? {} : { table: of('targetTable') }) },
});

function selectionOf(of: Cells): object {
  const [columns, names, renames] = [listOf(of('columns')), listOf(of('except')), listOf(of('renames'))];
  if (columns.length > 0) {
    if (names.length + renames.length > 0) refuse('columns does not go together with except or renames');
    return { columns: { mode: 'list', columns: columns.map(pairOf) } };
  }
  if (names.length + renames.length === 0) return {};
  return { columns: { mode: 'except', names, renames: renames.map(pairOf) } };
}

const listOf = (cell: string): readonly string[] =>
  cell
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** `name=title`; one name alone stays what it is. */
function pairOf(text: string): ColumnMapping {
  const [source = '', target = source] = text.split('=').map((part) => part.trim());
  return { source, target };
}

function policyOf(cell: string): object {
  if (cell === '') return {};
  const [kind = '', column] = cell.split(':').map((part) => part.trim());
  if (kind === 'latestWins') return { onConflict: { kind, ...(column === undefined ? {} : { column }) } };
  if ((PLAIN_CONFLICT_POLICIES as readonly string[]).includes(cell)) return { onConflict: { kind: cell } };
  return refuse(`onConflict has to be one of ${PLAIN_CONFLICT_POLICIES.join(', ')} or latestWins:column`);
}

const weightOf = (cell: string): object => (cell === '' ? {} : { weight: /^-?\d+$/.test(cell) ? Number(cell) : cell });

function refuse(problem: string): never {
  throw fieldRefusal('content', problem);
}
