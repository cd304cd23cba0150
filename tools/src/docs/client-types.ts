/** What the generator reads of the OpenAPI document. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const PREFIX = '/api/v1';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const INTRODUCTION = `// Generated from docs/openapi.json by \`npm run docs\`: do not edit.

/** What each route takes and answers, by method and path below /api/v1. */`;

/** The types of the client: one interface per schema, and one entry per route. */
export function clientTypes({ paths, components }: ApiDocument): string {
  const methods = METHODS.map((method) => {
    const routes = Object.entries(paths).flatMap(([path, { [method]: operation }]) =>
      operation === undefined ? [] : [`    '${path.slice(PREFIX.length)}': ${routeOf(operation)};`],
    );
    return [`  ${method.toUpperCase()}: {`, ...routes, '  };'].join('\n');
  });
  const schemas = Object.entries(components.schemas).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const interfaces = schemas.map(([name, schema]) => `\nexport interface ${name} ${objectOf(schema)}`);
  return `${[INTRODUCTION, 'export interface Routes {', ...methods, '}', ...interfaces].join('\n')}\n`;
}

/** Arguments behind the path, and the answer. What has a part that must be there must be there itself. */
function routeOf({ parameters, requestBody, responses }: Operation): string {
  const places = ['path', 'query', 'header'].map((place) => {
    const fields = parameters.filter((one) => one.in === place);
    const isRequired = fields.some(({ required }) => required);
    const types = fields.map(({ name, required, schema }) => field(name, required, typeOf(schema)));
    return {
      name: place === 'header' ? 'headers' : place,
      isRequired,
      type: `{ ${types.join('; ')} }`,
      has: fields.length > 0,
    };
  });
  // YAML is a text to whoever sends it, whatever it says.
  const bodies = Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) =>
    type === 'application/json' ? typeOf(schema) : 'string',
  );
  const parts = [...places, { name: 'body', isRequired: true, type: unionOf(bodies), has: bodies.length > 0 }].filter(
    ({ has }) => has,
  );
  const request = `{ ${parts.map(({ name, isRequired, type }) => field(name, isRequired, type)).join('; ')} }`;
  const mark = parts.some(({ isRequired }) => isRequired) ? '' : '?';
  const args = parts.length === 0 ? '[]' : `[request${mark}: ${request}]`;
  const [, good] = Object.entries(responses).find(([status]) => status.startsWith('2')) ?? [];
  const answers = Object.values(good?.content ?? {}).map(({ schema }) => typeOf(schema));
  return `{ args: ${args}; answer: ${answers.length === 0 ? 'undefined' : unionOf(answers)} }`;
}

const field = (name: string, isRequired: boolean, type: string): string =>
  `readonly ${/^\w+$/.test(name) ? name : `'${name}'`}${isRequired ? '' : '?'}: ${type}`;

function objectOf({ properties = {}, required = [] }: Schema): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const doc = schema.description === undefined ? '' : `  /** ${schema.description.replaceAll('*/', '* /')} */\n`;
    return `${doc}  ${field(name, required.includes(name), typeOf(schema))};`;
  });
  return `{\n${fields.join('\n')}\n}`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if (schema.anyOf !== undefined) return unionOf(schema.anyOf.map(typeOf));
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' & ');
  if (schema.enum !== undefined) return unionOf(schema.enum.map((word) => JSON.stringify(word)));
  return unionOf([schema.type ?? []].flat().map((type) => plainTypeOf(type, schema)));
}

function plainTypeOf(type: string, schema: Schema): string {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'array':
      return `readonly (${schema.items === undefined ? 'unknown' : typeOf(schema.items)})[]`;
    default:
      return recordOf(schema);
  }
}

function recordOf(schema: Schema): string {
  if (schema.properties !== undefined) return objectOf(schema);
  const { additionalProperties } = schema;
  const values = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
  return `Readonly<Record<string, ${values}>>`;
}

const unionOf = (types: readonly string[]): string =>
  types.length === 0 ? 'unknown' : [...new Set(types)].join(' | ');
