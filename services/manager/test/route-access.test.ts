import { NestFactory } from '@nestjs/core';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { ROLE_EXTENSION } from '../src/access/allows.decorator.ts';
import { describeApi } from '../src/api-document/describe-api.ts';
import { ManagerModule } from '../src/manager.module.ts';
import { ROUTE_ACCESS } from './route-access.ts';
import { servicesWithoutServers } from '../src/services-without-servers.ts';

// Goal: no route without a word on who may use it, and none that the walk of access.mysql.test.ts passes by.
// Method: compares the OpenAPI document, which names each route's role, with a table that is written by hand.

let app: INestApplication;

beforeAll(async () => {
  const module = ManagerModule.of(servicesWithoutServers(), pino({ level: 'silent' }));
  app = await NestFactory.create(module, { logger: false });
});

afterAll(() => app.close());

it('every route allows the role of the table, and the table has every route', () => {
  const inCode = Object.entries(describeApi(app).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation[ROLE_EXTENSION] ?? 'nobody'] as const,
    ),
  );
  const inTable = Object.entries(ROUTE_ACCESS).map(([route, [role]]) => [route, role] as const);
  expect(Object.fromEntries(inCode)).toEqual(Object.fromEntries(inTable));
});
