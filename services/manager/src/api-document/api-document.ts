/** The parts of OpenAPI 3.1 that the manager's document uses; its schemas are JSON Schema 2020-12. */
export interface ApiDocument {
  readonly openapi: '3.1.0';
  readonly info: Readonly<Record<string, unknown>>;
  /** By path with parameters in braces, then by method in small letters. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Answer>>;
    readonly securitySchemes?: Readonly<Record<string, unknown>>;
  };
}

export interface Operation {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  /** By status. */
  readonly responses: Readonly<Record<string, Answer | Reference>>;
  readonly security?: readonly unknown[];
  readonly [extension: `x-${string}`]: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

export interface Answer {
  readonly description: string;
  readonly content?: Content;
}

/** To something that stands under components. */
export interface Reference {
  readonly $ref: string;
}

/** By media type. */
export type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly writeOnly?: boolean;
}

const SCHEMAS = '#/components/schemas/';
const RESPONSES = '#/components/responses/';

export const refTo = (name: string): Reference => ({ $ref: `${SCHEMAS}${name}` });

export const refToAnswer = (name: string): Reference => ({ $ref: `${RESPONSES}${name}` });

/** What the route answers with this status; undefined = it does not. */
export function answerOf(
  { components }: Pick<ApiDocument, 'components'>,
  { responses }: Operation,
  status: number | string,
): Answer | undefined {
  const answer = responses[String(status)];
  return answer !== undefined && '$ref' in answer ? components.responses[answer.$ref.slice(RESPONSES.length)] : answer;
}

/** The schema itself, or the one that it points at. Throws when that is not in the document. */
export function resolved({ components }: Pick<ApiDocument, 'components'>, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = components.schemas[schema.$ref.slice(SCHEMAS.length)];
  if (found === undefined) throw new Error(`${schema.$ref} is not in the document`);
  return found;
}
