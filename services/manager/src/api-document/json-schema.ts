import type { Schema } from './api-document.ts';

/** A schema as @nestjs/swagger writes it, in the words of OpenAPI 3.0. */
export interface Schema30 {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly allOf?: readonly Schema30[];
  readonly anyOf?: readonly Schema30[];
  readonly oneOf?: readonly Schema30[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema30>>;
  readonly items?: Schema30;
  readonly additionalProperties?: Schema30 | boolean;
  readonly example?: unknown;
  readonly [other: string]: unknown;
}

/** The same in JSON Schema 2020-12: null is a type, examples are a list, and $ref has neighbours. */
export function jsonSchemaOf(old: Schema30): Schema {
  const { nullable, example, $ref, allOf, anyOf, oneOf, type, properties, items, additionalProperties, ...rest } = old;
  const { enum: words, ...others } = rest;
  const reference = $ref ?? (allOf?.length === 1 ? allOf[0]?.$ref : undefined);
  const alternatives = anyOf ?? oneOf;
  const isNullable = nullable === true;
  return {
    ...others,
    ...(example === undefined ? {} : { examples: [example] }),
    ...(reference === undefined ? {} : referenceTo(reference, isNullable)),
    ...(alternatives === undefined ? {} : { anyOf: alternatives.map(jsonSchemaOf) }),
    ...(type === undefined || reference !== undefined ? {} : { type: isNullable ? [type, 'null'] : type }),
    ...(words === undefined ? {} : { enum: isNullable ? [...words, null] : words }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, jsonSchemaOf(of)])) }),
    ...(items === undefined ? {} : { items: jsonSchemaOf(items) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'boolean' ? additionalProperties : jsonSchemaOf(additionalProperties),
        }),
  };
}

const referenceTo = ($ref: string, isNullable: boolean): Schema =>
  isNullable ? { anyOf: [{ $ref }, { type: 'null' }] } : { $ref };
