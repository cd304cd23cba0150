import { createHash } from 'node:crypto';
import type { ColumnValue, RowImage, TableDefinition } from '@lutra/model';

/**
 * A value in JSON without loss. Text, null and finite numbers stand as themselves; what JSON has no form for says what it is:
 * {"integer": "9223372036854775807"} a 64-bit integer, {"bytes": "AQI="} bytes in base64, {"number": "-0"} a floating point
 * number that JSON cannot carry. {"length": 70000, "sha256": "…"} stands for a value that was left out for its size: only in
 * conflicts, which nobody writes back. {"refused": true} stands for a value that the mapping could not make: in dead letters.
 */
export type JsonValue =
  | null
  | string
  | number
  | { readonly integer: string }
  | { readonly bytes: string }
  | { readonly number: string }
  | { readonly length: number; readonly sha256: string }
  | { readonly refused: true };

/** A row by column name. A column that the image does not carry is not there; null is NULL. */
export type JsonImage = Readonly<Record<string, JsonValue>>;

/**
 * `valueLengthMax`: characters or bytes from which on a value is left out; absent = nothing is. `refused`: positions of values
 * that could not be made.
 */
export function imageToJson(
  { columns }: Pick<TableDefinition, 'columns'>,
  image: RowImage,
  {
    valueLengthMax = Number.POSITIVE_INFINITY,
    refused = [],
  }: { readonly valueLengthMax?: number; readonly refused?: readonly number[] | undefined } = {},
): JsonImage {
  const entries = columns.flatMap(({ name }, position): [string, JsonValue][] => {
    const value = image[position];
    if (value === undefined) return refused.includes(position) ? [[name, REFUSED]] : [];
    return [[name, lengthOf(value) > valueLengthMax ? digestOf(value) : valueToJson(value)]];
  });
  // fromEntries defines own properties, whatever a column is called.
  return Object.fromEntries(entries);
}

const REFUSED = { refused: true } as const;

/** Positions of the values that could not be made. */
export function refusedColumns({ columns }: Pick<TableDefinition, 'columns'>, json: JsonImage): readonly number[] {
  const isRefused = (value: JsonValue | undefined): boolean =>
    typeof value === 'object' && value !== null && 'refused' in value;
  return columns.flatMap(({ name }, position) =>
    Object.hasOwn(json, name) && isRefused(json[name]) ? [position] : [],
  );
}

/** The image again, in the order of the definition's columns. Undefined where the JSON has no such column. */
export function imageFromJson({ columns }: Pick<TableDefinition, 'columns'>, json: JsonImage): RowImage {
  return columns.map(({ name }) => {
    const value = Object.hasOwn(json, name) ? json[name] : undefined;
    return value === undefined ? undefined : valueFromJson(value);
  });
}

export function valueToJson(value: ColumnValue): JsonValue {
  if (typeof value === 'bigint') return { integer: String(value) };
  if (value instanceof Uint8Array)
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return { number: Object.is(value, -0) ? '-0' : String(value) };
  return value;
}

/** Undefined for a value that was left out. */
export function valueFromJson(json: JsonValue): ColumnValue | undefined {
  if (json === null || typeof json !== 'object') return json;
  if ('integer' in json) return BigInt(json.integer);
  if ('bytes' in json) return new Uint8Array(Buffer.from(json.bytes, 'base64'));
  if ('number' in json) return Number(json.number);
  return undefined;
}

const lengthOf = (value: ColumnValue): number =>
  typeof value === 'string' || value instanceof Uint8Array ? value.length : 0;

function digestOf(value: ColumnValue): JsonValue {
  const content = value instanceof Uint8Array ? value : String(value);
  return { length: lengthOf(value), sha256: createHash('sha256').update(content).digest('hex') };
}
