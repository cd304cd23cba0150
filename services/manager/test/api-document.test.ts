import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestMethod } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { ERRORS } from '@lutra/model';
import { describeApi } from '../src/api-document/describe-api.ts';
import { answerOf } from '../src/api-document/api-document.ts';
import type { Content, Operation, Schema } from '../src/api-document/api-document.ts';
import { ManagerModule } from '../src/manager.module.ts';
import { ApiSchemas } from './api-schemas.ts';
import { servicesWithoutServers } from '../src/services-without-servers.ts';

// Goal: the OpenAPI document tells of every route what it takes, what it answers and how it fails, and its examples are true.
// Method: walks the document of the code; the controllers, the catalogue of errors and the committed copy are its judges.

const module = ManagerModule.of(servicesWithoutServers(), pino({ level: 'silent' }));
const sources = join(import.meta.dirname, '..', 'src');
/** Told in the bodies of answers, of events and of alarms: no request fails with them. */
const NEVER_ANSWERED = new Set(['RECEIVER_REFUSED', 'RECEIVER_UNREACHABLE']);

/** They have no version of their own: rows at targets, orders to instances, removals that only end, the caller's session. */
const WITHOUT_VERSION = [
  'DELETE /conflicts',
  'DELETE /dead-letters',
  'DELETE /removals/{id}',
  'DELETE /session',
  'PATCH /dead-letters/{id}',
  'PATCH /instances/{id}',
  'PUT /instances/log-level',
  'PUT /session/password',
];

let app: INestApplication;
let api: ApiSchemas;

beforeAll(async () => {
  app = await NestFactory.create(module, { logger: false });
  api = new ApiSchemas(describeApi(app));
});

afterAll(() => app.close());

/** What NestJS will route, from its own marks on the controllers. */
function routes(): readonly string[] {
  return (module.controllers ?? []).flatMap((controller) => {
    const prototype = Reflect.get(controller, 'prototype') as Readonly<Record<string, unknown>>;
    const base = String(Reflect.getMetadata('path', controller));
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      const method = typeof handler === 'function' ? (Reflect.getMetadata('method', handler) as unknown) : undefined;
      if (typeof method !== 'number') return [];
      const path = [base, String(Reflect.getMetadata('path', handler as object))].join('/');
      return [`${RequestMethod[method] ?? ''} /${path.replaceAll(/\/+/g, '/').replace(/\/$/, '')}`];
    });
  });
}

/** Every schema of the document with the place where it stands. */
function* schemasBelow(schema: Schema, place: string): Generator<readonly [place: string, schema: Schema]> {
  yield [place, schema];
  for (const [name, one] of Object.entries(schema.properties ?? {})) yield* schemasBelow(one, `${place}.${name}`);
  if (schema.items !== undefined) yield* schemasBelow(schema.items, `${place}[]`);
}

const allSchemas = (): readonly (readonly [place: string, schema: Schema])[] =>
  Object.entries(api.document.components.schemas).flatMap(([name, schema]) => [...schemasBelow(schema, name)]);

const codesOf = (operation: Operation): readonly string[] => (operation['x-lutra-errors'] ?? []) as readonly string[];

/** Every body of every operation: of requests, of answers and of refusals. */
const allContents = (): readonly (readonly [place: string, content: Content])[] =>
  api.operations().flatMap(({ method, path, operation }) => [
    ...(operation.requestBody === undefined
      ? []
      : [[`${method} ${path} body`, operation.requestBody.content] as const]),
    ...Object.keys(operation.responses).flatMap((status) => {
      const content = answerOf(api.document, operation, status)?.content;
      return content === undefined ? [] : [[`${method} ${path} ${status}`, content] as const];
    }),
  ]);

describe('the document', () => {
  it('is of OpenAPI 3.1', () => {
    expect(api.document.openapi).toBe('3.1.0');
    expect(allSchemas().filter(([, schema]) => 'nullable' in schema || 'example' in schema)).toEqual([]);
  });

  it('has every route, and each under a name of its own', () => {
    const described = api
      .operations()
      .map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`)
      .toSorted();
    expect(described).toEqual(routes().toSorted());
    const names = api.operations().map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it('names every parameter of every path', () => {
    const wrong = api.operations().filter(({ path, operation }) => {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      return JSON.stringify(inPath.toSorted()) !== JSON.stringify(described.toSorted());
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('is the one that is committed (npm run docs)', () => {
    const committed = readFileSync(join(import.meta.dirname, '../../../docs/openapi.json'), 'utf8');
    expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(api.document)));
  });
});

describe('writes', () => {
  it('of versioned resources take If-Match', () => {
    const blind = api
      .operations()
      .filter(({ method }) => ['PATCH', 'PUT', 'DELETE'].includes(method))
      .filter(({ operation }) => !operation.parameters.some(({ name }) => name === 'If-Match'))
      .map(({ method, path }) => `${method} ${path.slice('/api/v1'.length)}`);
    expect(blind.toSorted()).toEqual(WITHOUT_VERSION);
  });
});

describe('whatever makes a revision', () => {
  it('takes a comment for it', () => {
    const makes = api.operations().filter(({ operation }) => codesOf(operation).includes('MAPPING_LOOP'));
    const mute = makes.filter(({ operation }) => !operation.parameters.some(({ name }) => name === 'X-Comment'));
    expect(mute.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(makes.length).toBeGreaterThan(10);
  });
});

describe('examples', () => {
  it('stand at every field', () => {
    const poor = allSchemas().filter(([, { examples, $ref, anyOf, properties, items }]) =>
      [examples, $ref, anyOf, properties, items].every((one) => one === undefined),
    );
    expect(poor.map(([place]) => place)).toEqual([]);
  });

  it('of fields are what their schemas say', () => {
    const wrong = allSchemas().flatMap(([place, schema]) =>
      (schema.examples ?? []).flatMap((example) => {
        const complaint = api.complaint(schema, example);
        return complaint === '' ? [] : [`${place}: ${complaint}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('of bodies and answers are there, and are what their schemas say', () => {
    const wrong = allContents().flatMap(([place, content]) =>
      Object.entries(content).flatMap(([type, { schema, example }]) => {
        const complaint = example === undefined ? 'no example' : api.complaint(schema, example);
        return complaint === '' ? [] : [`${place} ${type}: ${complaint}`];
      }),
    );
    expect(wrong).toEqual([]);
    expect(allContents().length).toBeGreaterThan(500);
  });
});

describe('failures', () => {
  const answered = (): ReadonlySet<string> =>
    new Set(
      allContents().flatMap(([, content]) => {
        const problem = content['application/problem+json']?.schema.allOf?.[1]?.properties?.['code']?.enum;
        return (problem ?? []).map(String);
      }),
    );

  it('are problem documents, of every route', () => {
    const wrong = api.operations().flatMap(({ method, path, operation }) =>
      Object.keys(operation.responses)
        .filter((status) => Number(status) >= 400)
        .filter((one) => answerOf(api.document, operation, one)?.content?.['application/problem+json'] === undefined)
        .map((status) => `${method} ${path} ${status}`),
    );
    expect(wrong).toEqual([]);
    const statuses = api.operations().map(({ operation }) => Object.keys(operation.responses));
    expect(
      statuses.filter((one) => !['400', '405', '406', '500', '503'].every((status) => one.includes(status))),
    ).toEqual([]);
  });

  it('have every code that the manager throws at a request', () => {
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const thrown = files.flatMap((name) =>
      [...readFileSync(join(sources, name), 'utf8').matchAll(/new SyncError\(\s*'([A-Z_]+)'/g)].map(
        ([, code = '']) => code,
      ),
    );
    const missing = new Set(thrown.filter((code) => !answered().has(code) && !NEVER_ANSWERED.has(code)));
    expect([...missing]).toEqual([]);
    expect(new Set(thrown).size).toBeGreaterThan(20);
  });

  it('have, wherever a database is asked, those of its secret', () => {
    const asking = api
      .operations()
      .filter(({ operation }) =>
        codesOf(operation).some((code) => ['TARGET_ACCESS_DENIED', 'SOURCE_ACCESS_DENIED'].includes(code)),
      );
    const codes = ['CONFIG_ENV_INVALID', 'SECRET_REFERENCE_MISSING', 'SECRET_REFERENCE_REFUSED'];
    const silent = asking.filter(({ operation }) => !codes.every((code) => codesOf(operation).includes(code)));
    expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(asking.length).toBeGreaterThan(10);
  });

  it('have every code of the families of requests', () => {
    const families = /^(REQUEST|LOGIN|RESOURCE|STORE|CONFIRMATION|INSTANCE)_/;
    expect(Object.keys(ERRORS).filter((code) => families.test(code) && !answered().has(code))).toEqual([]);
  });
});
