import { must, SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnKind, ColumnValue, Explode, RowImage, TableDefinition } from '@lutra/model';
import { textColumn } from './column-origins.ts';
import { positionOf } from './compile-columns.ts';
import type { CompileContext } from './compile-context.ts';
import { jsonElements } from './json/find-json.ts';
import { placeColumn } from './place-column.ts';

/** Rows that one row may become: a longer list is a document and no list, and would fill a process alone. */
const ELEMENTS_MAX = 10_000;

/** Makes a row for each element of a column. */
export interface CompiledExplode {
  /** With the columns that hold the element and its number; one of the source of that name gives way. */
  readonly source: TableDefinition;
  /** The column of the elements. */
  readonly reads: readonly number[];
  /** Whether the column at this position of `source` is one that the rule adds. */
  adds(position: number): boolean;
  /** Of an image that carries the column, in order. Throws ROW_VALUE_INVALID, ROW_TOO_LARGE. */
  rowsOf(image: RowImage): readonly ExplodedRow[];
}

export interface ExplodedRow {
  /** The element, and its number where that is told: either may be in the key of the target. */
  readonly identity: string;
  /** In the shape of {@link CompiledExplode.source}. */
  readonly image: RowImage;
}

type Elements = readonly (string | null)[];

const KINDS: Readonly<Record<Explode['by']['kind'], readonly ColumnKind[]>> = {
  json: ['json', 'text'],
  delimiter: ['text', 'set'],
};
const NO_ELEMENTS: Elements = [];

/** Throws MAPPING_COLUMN_UNKNOWN, MAPPING_COLUMN_TWICE, MAPPING_STEP_INVALID. */
export function compileExplode(rule: Explode, context: CompileContext): CompiledExplode {
  const { source } = context;
  const position = positionOf(source, rule.column, context.mapping.id);
  const given = must(source.columns[position], 'a position is inside the table');
  if (!KINDS[rule.by.kind].includes(given.kind)) throw notExplodable(rule, given, context);
  const columns = [...source.columns];
  const as = placeColumn(columns, textColumn(rule.as, true));
  const number = rule.positionAs === undefined ? null : placeColumn(columns, numberColumn(rule.positionAs));
  if (as === number) throw sameName(rule, context);
  // By its number a row has a key even where its element is long text.
  const primaryKey = [...new Set([...source.primaryKey, number ?? as])];
  return {
    source: { ...source, columns, primaryKey: source.primaryKey.length === 0 ? [] : primaryKey },
    reads: [position],
    adds: (at) => at === as || at === number,
    rowsOf: (image) =>
      elementsOf(image[position] ?? null, rule, context).map((element, index) => {
        const values: (ColumnValue | undefined)[] = [...image];
        values[as] = element;
        if (number !== null) values[number] = index;
        const name = element === null ? '' : `=${element}`;
        return { identity: number === null ? name : `${String(index)}${name}`, image: values };
      }),
  };
}

/** Distinct ones, in order. A document that is null has none, as a column that is. */
function elementsOf(value: ColumnValue, rule: Explode, context: CompileContext): Elements {
  if (value === null || value === '') return NO_ELEMENTS;
  const { column, by } = rule;
  if (typeof value !== 'string') throw invalid('holds no text', column, context);
  const elements = by.kind === 'delimiter' ? value.split(by.separator, ELEMENTS_MAX + 1) : arrayOf(value);
  if (typeof elements === 'string') throw invalid(elements, column, context);
  if (elements.length > ELEMENTS_MAX) throw tooMany(column, context);
  return [...new Set(elements)];
}

/** What is wrong, as text. */
function arrayOf(json: string): Elements | string {
  if (json.trim() === 'null') return NO_ELEMENTS;
  const elements = jsonElements(json, ELEMENTS_MAX + 1);
  if (elements === undefined) return 'is broken JSON';
  if (elements === null) return 'is JSON and no array';
  const known = elements.filter((element) => element !== undefined);
  return known.length < elements.length ? 'has an element that is no text of Unicode' : known;
}

const numberColumn = (name: string): ColumnDefinition => ({
  name,
  kind: 'integer',
  declared: 'int',
  nullable: false,
  bytes: 4,
});

function notExplodable(
  { column, by }: Explode,
  { declared }: ColumnDefinition,
  { mapping }: CompileContext,
): SyncError {
  const wanted = by.kind === 'json' ? 'JSON or text' : 'text or a set';
  const problem = `Mapping ${mapping.id} takes the elements of column ${column}, which is ${declared}: it has to be ${wanted}`;
  return new SyncError('MAPPING_STEP_INVALID', { problem, mapping: mapping.id, column });
}

function sameName({ as }: Explode, { mapping, source }: CompileContext): SyncError {
  const table = `${source.schema}.${source.table}`;
  const problem = `Mapping ${mapping.id} gives the element and its number the one name ${as}`;
  return new SyncError('MAPPING_COLUMN_TWICE', { problem, mapping: mapping.id, column: as, table });
}

function invalid(why: string, column: string, { mapping }: CompileContext): SyncError {
  const problem = `Column ${column}, whose elements mapping ${mapping.id} takes, ${why}`;
  return new SyncError('ROW_VALUE_INVALID', { problem, mapping: mapping.id, column });
}

function tooMany(column: string, { mapping }: CompileContext): SyncError {
  const problem = `Column ${column}, whose elements mapping ${mapping.id} takes, has more than ${String(ELEMENTS_MAX)}`;
  return new SyncError('ROW_TOO_LARGE', { problem, mapping: mapping.id, column });
}
