import type { ColumnDefinition, RowFact, RowImage, TableDefinition } from '@lutra/model';
import { assertNever, columnIndex, must } from '@lutra/model';
import { factValue } from '../column-origins.ts';
import { ExpressionProblem } from './expression-problem.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { fixedOf, SCALE_MAX } from './fixed-number.ts';
import { neverAsked } from './numbers.ts';
import type { Term, Value, ValueFunction } from './term.ts';

/** Bits of an int that count up. */
const INT_BITS = 63;

/** `row.…`: what is known of a row beside its columns. */
const FACTS: ReadonlyMap<string, RowFact> = new Map([
  ['gtid', 'gtid'],
  ['commitTime', 'commitTime'],
  ['kind', 'operation'],
  ['schema', 'sourceSchema'],
  ['table', 'sourceTable'],
  ['pipeline', 'pipeline'],
]);

const NOWHERE: TableDefinition = { schema: '', table: '', columns: [], primaryKey: [] };

/** A column by its name, in any case; one that the image does not carry counts as null. */
export function columnTerm(name: string, offset: number, scope: ExpressionScope): Term {
  const { source, reads } = scope;
  if (source === null) {
    requireKnown(name, offset, scope);
    return { type: 'any', scale: 0, offset, valueOf: neverAsked };
  }
  const position = columnIndex(source.columns, name);
  if (position < 0) throw new ExpressionProblem(`The table has no column ${name}`, offset);
  reads.add(position);
  const column = must(source.columns[position], 'a position is inside the table');
  return { ...typeOf(column), offset, column: position, valueOf: readerOf(column, position) };
}

/** Whether there is a look-up of that name: its columns are called `name.column`. */
export function isOfLookup(name: string, { source, lookupColumns = [] }: ExpressionScope): boolean {
  const begin = `${name.toLowerCase()}.`;
  const names = source === null ? lookupColumns : source.columns.map((column) => column.name);
  return names.some((one) => one.toLowerCase().startsWith(begin));
}

/** What a look-up brings is known before any table is. */
function requireKnown(name: string, offset: number, scope: ExpressionScope): void {
  const [lookup = '', column] = name.split('.');
  if (column === undefined || !isOfLookup(lookup, scope)) return;
  if (scope.lookupColumns?.some((one) => one.toLowerCase() === name.toLowerCase()) === true) return;
  throw new ExpressionProblem(`Look-up ${lookup} has no column ${column}`, offset);
}

export function factTerm(name: string, offset: number, { source, facts }: ExpressionScope): Term {
  const fact = FACTS.get(name);
  if (fact === undefined)
    throw new ExpressionProblem(`row has ${[...FACTS.keys()].join(', ')}, and no ${name}`, offset);
  facts.add(fact);
  const value = factValue(fact, { source: source ?? NOWHERE, name });
  return { type: 'string', scale: 0, offset, valueOf: (image, given) => value.valueOf(image, given) as Value };
}

function typeOf(column: ColumnDefinition): Pick<Term, 'type' | 'scale'> {
  switch (column.kind) {
    case 'integer':
      return { type: column.unsigned === true && column.bytes === 8 ? 'decimal' : 'int', scale: 0 };
    case 'bit':
      return { type: (column.length ?? INT_BITS + 1) > INT_BITS ? 'decimal' : 'int', scale: 0 };
    case 'year':
      return { type: 'int', scale: 0 };
    case 'decimal':
      return { type: 'decimal', scale: column.scale ?? SCALE_MAX };
    case 'float':
    case 'double':
      return { type: 'double', scale: 0 };
    case 'binary':
    case 'geometry':
      return { type: 'bytes', scale: 0 };
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
    case 'text':
    case 'enum':
    case 'set':
    case 'json':
      return { type: 'string', scale: 0 };
    default:
      return assertNever(column.kind);
  }
}

function readerOf({ kind, scale = SCALE_MAX }: ColumnDefinition, position: number): ValueFunction {
  switch (kind) {
    case 'integer':
    case 'bit':
    case 'year':
      return (image: RowImage) => {
        const value = image[position] ?? null;
        return typeof value === 'number' ? BigInt(value) : value;
      };
    case 'decimal':
      return (image: RowImage) => {
        const value = image[position] ?? null;
        return value === null ? null : fixedOf(value as string, scale);
      };
    default:
      return (image: RowImage) => image[position] ?? null;
  }
}
