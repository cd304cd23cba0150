import type { ColumnKind, TableDefinition } from '@lutra/model';

/** Keys of a record, so that a kind which is added to the model is missed here by the compiler. */
const KINDS: Readonly<Record<ColumnKind, true>> = {
  integer: true,
  decimal: true,
  float: true,
  double: true,
  bit: true,
  year: true,
  date: true,
  time: true,
  datetime: true,
  timestamp: true,
  text: true,
  binary: true,
  enum: true,
  set: true,
  json: true,
  geometry: true,
};

type Fields = Readonly<Record<string, unknown>>;

/** True when `value`, which came over the wire as JSON, has the fields of a table definition with their types. More fields are fine. */
export function isTableDefinition(value: unknown): value is TableDefinition {
  if (!isFields(value)) return false;
  const { schema, table, columns, primaryKey } = value;
  return (
    typeof schema === 'string' &&
    typeof table === 'string' &&
    Array.isArray(columns) &&
    columns.every(isColumn) &&
    Array.isArray(primaryKey) &&
    primaryKey.every((position: unknown) => isCount(position) && position < columns.length)
  );
}

function isColumn(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { name, kind, declared, nullable, labels } = value;
  return (
    typeof name === 'string' &&
    typeof kind === 'string' &&
    Object.hasOwn(KINDS, kind) &&
    typeof declared === 'string' &&
    typeof nullable === 'boolean' &&
    ['bytes', 'length', 'scale'].every((field) => value[field] === undefined || isCount(value[field])) &&
    ['unsigned', 'generated'].every((field) => value[field] === undefined || typeof value[field] === 'boolean') &&
    ['charset', 'collation'].every((field) => value[field] === undefined || typeof value[field] === 'string') &&
    (labels === undefined || (Array.isArray(labels) && labels.every((label) => typeof label === 'string')))
  );
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;
