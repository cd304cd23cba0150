import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { anchorOf, DEFAULT_PARAMETERS, ERRORS, PIPELINE_CONDITIONS, WARNINGS } from '@lutra/model';
import type { ApiDocument, Operation } from '../src/api-document/api-document.ts';
import { describeApi } from '../src/api-document/describe-api.ts';
import { ManagerModule } from '../src/manager.module.ts';
import { servicesWithoutServers } from '../src/services-without-servers.ts';

// Goal: docs/runbook.md is complete, and every command in it can be sent as it stands there.
// Method: reads the page; each curl is compared with the OpenAPI document that the manager makes of its own routes.

const page = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');
const sections = page.split(/^### /m).slice(1);
const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

let app: INestApplication;
let api: ApiDocument;

beforeAll(async () => {
  app = await NestFactory.create(ManagerModule.of(servicesWithoutServers(), pino({ level: 'silent' })), {
    logger: false,
  });
  api = describeApi(app);
});

afterAll(() => app.close());

describe('the page', () => {
  it('has one section for every error, every warning and every condition, under a name of its own', () => {
    const wanted = [...Object.keys({ ...ERRORS, ...WARNINGS }).map(anchorOf), ...Object.keys(PIPELINE_CONDITIONS)];
    expect(wanted.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
    expect(anchors.filter((anchor, index) => anchors.indexOf(anchor) !== index)).toEqual([]);
    expect(sections.length).toBe(wanted.length);
  });

  it('says in each section what it means, one command, and what happens then', () => {
    const poor = sections.filter((text) => {
      const commands = text.match(/^```(sh|sql)$/gm) ?? [];
      return commands.length !== 1 || !text.includes('**Then:** ');
    });
    expect(poor).toEqual([]);
  });
});

interface Curl {
  readonly line: string;
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown> | null;
}

/** The calls of the API that the page tells to send. */
const curls = [...page.replaceAll(' \\\n', ' ').matchAll(/^curl [^\n]*"\$LUTRA(\/[^"?]*)[^\n]*/gm)].map(
  ([line, path = '']): Curl => {
    const body = / -d '([^']+)'/.exec(line)?.[1];
    return {
      line,
      method: (/ -X (\w+)/.exec(line)?.[1] ?? 'GET').toLowerCase(),
      path,
      body: body === undefined ? null : (JSON.parse(body) as Record<string, unknown>),
    };
  },
);

const operationOf = ({ method, path }: Curl): Operation | undefined => {
  const called = path.split('/');
  // What stands in a parameter's place may be a word of its own, such as the job of retl_buffer.
  const isRouteOf = (route: string): boolean => {
    const parts = route.split('/');
    return parts.length === called.length && parts.every((part, at) => part.startsWith('{') || part === called[at]);
  };
  const plain = (route: string): string => route.replaceAll(/\{\w+\}/g, '{}');
  const known = Object.entries(api.paths).toSorted(([one]) => (plain(one) === plain(path) ? -1 : 1));
  return known.find(([route]) => isRouteOf(route))?.[1][method];
};

/** Fields of a body's class; those of a nested class under its own name. */
function schemaOf(reference: unknown): Record<string, unknown> {
  const name = /"#\/components\/schemas\/(\w+)"/.exec(JSON.stringify(reference))?.[1] ?? '';
  return (api.components.schemas[name] ?? {}) as Record<string, unknown>;
}

interface FieldSchema extends Record<string, unknown> {
  readonly enum?: readonly unknown[];
}

function unknownFields(body: Record<string, unknown>, schema: Record<string, unknown>): string[] {
  const fields = (schema['properties'] ?? {}) as Record<string, FieldSchema>;
  // A map of words has names that only its user knows.
  const any = schema['additionalProperties'] as FieldSchema | undefined;
  return Object.entries(body).flatMap(([name, value]) => {
    const field = fields[name] ?? any;
    if (field === undefined) return [name];
    if (field.enum !== undefined && !field.enum.includes(value)) return [`${name}: ${String(value)}`];
    return typeof value === 'object' && value !== null
      ? unknownFields(value as Record<string, unknown>, 'additionalProperties' in field ? field : schemaOf(field))
      : [];
  });
}

describe('each curl', () => {
  it('is there', () => {
    expect(curls.length).toBeGreaterThan(40);
  });

  it.each(curls.filter(({ line }, index) => curls.findIndex((other) => other.line === line) === index))(
    'names a route and sends what it takes: $line',
    (curl) => {
      const operation = operationOf(curl);
      expect(operation).toBeDefined();
      const schema = schemaOf(operation?.requestBody);
      const required = (schema['required'] ?? []) as readonly string[];
      expect(required.filter((name) => !(name in (curl.body ?? {})))).toEqual([]);
      expect(unknownFields(curl.body ?? {}, schema)).toEqual([]);
      const asked = [...curl.line.matchAll(/[?&](\w+)=/g)].map(([, name]) => name);
      expect(
        asked.filter((name) => !(operation?.parameters ?? []).some((parameter) => parameter.name === name)),
      ).toEqual([]);
    },
  );
});

it('a command in the middle of a sentence names a route too', () => {
  const named = [...page.matchAll(/`GET (?:\/api\/v1\/)?([\w/{}-]+)`/g)].map(([, path = '']) => `/api/v1/${path}`);
  expect(named.length).toBeGreaterThan(0);
  const wrong = named.filter((path) => operationOf({ line: '', method: 'get', path, body: null }) === undefined);
  expect(wrong).toEqual([]);
});

it('the API page tells of every parameter what it does, its default, and from when a change counts', () => {
  const { properties = {} } = schemaOf({ $ref: '#/components/schemas/ParametersDto' }) as {
    properties?: Record<string, { readonly description?: string; readonly default?: unknown }>;
  };
  expect(Object.keys(properties).sort()).toEqual(Object.keys(DEFAULT_PARAMETERS).sort());
  for (const [name, { description, default: value }] of Object.entries(properties)) {
    expect([name, value]).toEqual([name, DEFAULT_PARAMETERS[name as keyof typeof DEFAULT_PARAMETERS]]);
    expect(description).toMatch(/Takes effect: (at once|at once, by a restart|next process|next epoch|next lease)$/);
  }
});
