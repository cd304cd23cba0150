import { resolved } from './api-document.ts';
import type { ApiDocument, Schema } from './api-document.ts';

/** What a text of this name looks like: the first pattern that meets the field's name counts. */
const TEXTS: readonly (readonly [name: RegExp, example: string])[] = [
  [/^(id|.*Ids?|follows|repeats)$/, '01JD2Z5V5V5V5V5V5V5V5V5V5V'],
  [/instance|preferred/i, 'load-1'],
  [/^(host|address)$/i, 'db1.example.com'],
  [/password|^current$/i, 'seven old bicycles sing'],
  [/tlsKey$/, '-----BEGIN PRIVATE KEY-----\nMC4CAQAw…\n-----END PRIVATE KEY-----\n'],
  [/tls(Ca|Cert)$/, '-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n'],
  [/gtid/i, '3e11fa47-71ca-11e1-9e33-c80aa9429562:23'],
  [/^(schema|source)$/, 'shop'],
  [/^(table|target)$/, 'orders'],
  [/column/i, 'created_at'],
  [/^code$/, 'TARGET_ROW_REFUSED'],
  [/unit/i, 'ms'],
  [/version/i, '8.4.3'],
  [/statement/i, 'SET GLOBAL binlog_row_image = FULL'],
  [/workaround/i, 'Create the table at the target, then RESTART.'],
  [/detail|message|problem|failure|error|cause|blocked/i, 'The server does not answer'],
  [/reason|comment/i, 'planned work at the target'],
  [/^(by|who|author|askedBy|wantedBy|acknowledgedBy)$/, 'deploy-script'],
  [/name|pipeline|channel|rule/i, 'berlin-lisbon'],
  [/description|meaning/i, 'orders of the shops in Berlin'],
  [/charset/i, 'utf8mb4'],
  [/collation/i, 'utf8mb4_0900_ai_ci'],
  [/hash/i, '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'],
  [/traceId/, '4bf92f3577b34da6a3ce929d0e0e4736'],
  [/token|secret/i, 'shown once, and kept by whoever asked'],
  [/user|account|sender/i, 'lutra'],
  [/stage/i, 'load'],
  [/generated/i, '`price` * `quantity`'],
];
const OTHER_TEXT = 'text';
const SOME_TIME = '2026-11-22T12:00:00.000Z';
const DEPTH_MAX = 12;

/** The schema of a field with an example of its own, unless it has one, or is made of fields that have. */
export function withExample(schema: Schema, name: string): Schema {
  const inside = {
    ...(schema.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(schema.properties).map(([field, of]) => [field, withExample(of, field)]),
          ),
        }),
    ...(schema.items === undefined ? {} : { items: withExample(schema.items, name) }),
  };
  const hasOne = schema.examples !== undefined || schema.$ref !== undefined || schema.anyOf !== undefined;
  if (hasOne || schema.properties !== undefined || schema.items !== undefined) return { ...schema, ...inside };
  return { ...schema, ...inside, examples: [leafOf(schema, name)] };
}

/**
 * A value of the schema, composed of the examples of its fields. `isBody`: only what must be sent, because fields that may
 * be left out are often alternatives; when nothing must be, the first that may.
 */
export function exampleOf(document: Pick<ApiDocument, 'components'>, schema: Schema, isBody = false): unknown {
  const compose = (of: Schema, name: string, depth: number): unknown => {
    if (of.examples !== undefined) return of.examples[0];
    const one = resolved(document, of.anyOf?.[0] ?? of.allOf?.[0] ?? of);
    if (one.examples !== undefined) return one.examples[0];
    if (depth > DEPTH_MAX) return null;
    if (one.items !== undefined) return [compose(one.items, name, depth + 1)];
    if (one.properties === undefined) return leafOf(one, name);
    const fields = isBody ? sentOf(one) : Object.entries(one.properties);
    return Object.fromEntries(fields.map(([field, inner]) => [field, compose(inner, field, depth + 1)]));
  };
  return compose(schema, '', 0);
}

function sentOf({ properties = {}, required = [] }: Schema): readonly (readonly [string, Schema])[] {
  const fields = Object.entries(properties);
  const sent = fields.filter(([name]) => required.includes(name));
  return sent.length > 0 ? sent : fields.slice(0, 1);
}

function leafOf(schema: Schema, name: string): unknown {
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [type] = [schema.type ?? 'object'].flat();
  if (type === 'string') return schema.format === 'date-time' ? SOME_TIME : textOf(name);
  if (type === 'number' || type === 'integer') return Math.max(1, schema.minimum ?? 1);
  if (type === 'boolean') return true;
  return type === 'array' ? [] : {};
}

const textOf = (name: string): string => TEXTS.find(([pattern]) => pattern.test(name))?.[1] ?? OTHER_TEXT;
