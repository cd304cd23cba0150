import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { ROLE_EXTENSION } from '../access/allows.decorator.ts';
import { Problem } from '../http/problem.ts';
import { refToAnswer } from './api-document.ts';
import type { Answer, ApiDocument, Content, Operation, Parameter } from './api-document.ts';
import { Checks } from './checks.ts';
import { errorAnswersOf } from './error-answers.ts';
import { exampleOf, withExample } from './examples.ts';
import { jsonSchemaOf } from './json-schema.ts';
import type { Schema30 } from './json-schema.ts';

type Content30 = Readonly<Record<string, { readonly schema?: Schema30 }>>;
type Operation30 = Readonly<Record<string, unknown>> & {
  readonly operationId: string;
  readonly parameters?: readonly (Omit<Parameter, 'schema'> & { readonly schema?: Schema30 })[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content30 };
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: Content30 }>>;
};
type Components = Pick<ApiDocument, 'components'>;
interface Surroundings extends Components {
  readonly checks: Checks;
  /** Error answers that were met so far, by name. */
  readonly answers: Map<string, Answer>;
}

/** Names of headers as people write them; NestJS reads them in small letters. */
const HEADERS: Readonly<Record<string, Pick<Parameter, 'name' | 'description'>>> = {
  'if-match': {
    name: 'If-Match',
    description: 'ETag of the version that was read: a change meanwhile refuses this one (412)',
  },
};
const DONE: Readonly<Record<string, string>> = { 200: 'Done', 201: 'Created', 202: 'Accepted', 204: 'Done, no body' };

/** The OpenAPI 3.1 document of all routes: every field and body with an example, every answer with the codes it may carry. */
export function describeApi(app: INestApplication): ApiDocument {
  const description = new DocumentBuilder()
    .setTitle('Lutra')
    .setDescription(
      'Configuration, commands and state of synchronisation pipelines. Errors are RFC 9457 problem documents.',
    )
    .setVersion('1')
    .addBearerAuth()
    .build();
  const plain = SwaggerModule.createDocument(app, description, {
    extraModels: [Problem],
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
  });
  const checks = new Checks(app);
  const schemas = Object.entries((plain.components?.schemas ?? {}) as Record<string, Schema30>).map(
    ([name, schema]) => [name, withExample(checks.ofClass(name, jsonSchemaOf(schema)), name)] as const,
  );
  const components = { ...plain.components, schemas: Object.fromEntries(schemas) } as ApiDocument['components'];
  const answers = new Map<string, Answer>();
  const paths = Object.entries(plain.paths as Record<string, Record<string, Operation30>>).map(
    ([path, methods]) =>
      [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([method, one]) => [
            method,
            operationOf(one, path, { components, checks, answers }),
          ]),
        ),
      ] as const,
  );
  return {
    openapi: '3.1.0',
    info: { ...plain.info },
    paths: Object.fromEntries(paths),
    components: { ...components, responses: Object.fromEntries([...answers].toSorted(([a], [b]) => (a < b ? -1 : 1))) },
  };
}

function operationOf(old: Operation30, path: string, { components, checks, answers }: Surroundings): Operation {
  const { requestBody, responses, ...rest } = old;
  const role = old[ROLE_EXTENSION];
  const document = { components };
  const operation: Omit<Operation, 'responses'> = {
    ...rest,
    ...(role === 'anybody' ? { security: [] } : {}),
    parameters: parametersOf(old, { path, checks }),
    ...(requestBody === undefined
      ? {}
      : { requestBody: { ...requestBody, content: contentOf(document, requestBody.content, true) } }),
  };
  const good = Object.entries(responses).filter(([status]) => status !== 'default');
  const errors = Object.entries(errorAnswersOf(operation, role));
  for (const [, { name, answer }] of errors) answers.set(name, answer);
  return {
    ...operation,
    responses: {
      ...Object.fromEntries(good.map(([status, answer]) => [status, goodAnswerOf(document, status, answer)])),
      ...Object.fromEntries(errors.map(([status, { name }]) => [status, refToAnswer(name)])),
    },
  };
}

function goodAnswerOf(document: Components, status: string, answer: Operation30['responses'][string]): Answer {
  const description = answer.description === undefined || answer.description === '' ? DONE[status] : answer.description;
  return {
    description: description ?? 'Done',
    ...(answer.content === undefined ? {} : { content: contentOf(document, answer.content, false) }),
  };
}

function contentOf(document: Components, content: Content30, isBody: boolean): Content {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema = {} }]) => {
      const one = withExample(jsonSchemaOf(schema), '');
      return [type, { schema: one, example: exampleOf(document, one, isBody) }];
    }),
  );
}

/** Each parameter once, those of the path complete: NestJS does not see the fields of an object of them. */
function parametersOf(
  { operationId, parameters = [] }: Operation30,
  { path, checks }: { readonly path: string; readonly checks: Checks },
): readonly Parameter[] {
  const found = new Map<string, Parameter>();
  for (const one of parameters) {
    const key = one.name.toLowerCase();
    const plain = jsonSchemaOf(one.schema ?? {});
    const checked = one.in === 'query' ? checks.ofQuery(operationId, one.name, plain) : plain;
    const schema = withExample(checked, one.name);
    const known = one.in === 'header' ? HEADERS[key] : undefined;
    const isRequired = one.in === 'header' ? false : one.required;
    found.set(`${one.in} ${key}`, { ...one, ...known, required: isRequired, schema });
  }
  for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g))
    if (!found.has(`path ${name.toLowerCase()}`))
      found.set(`path ${name.toLowerCase()}`, {
        ...{ name, in: 'path', required: true },
        schema: withExample({ type: 'string' }, name),
      });
  return [...found.values()];
}
