import { Controller, Get } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Allows, ROLE_EXTENSION } from '../src/access/allows.decorator.ts';
import { describeApi } from '../src/api-document/describe-api.ts';
import { ApiController } from '../src/http/api-controller.decorator.ts';
import { ManagerModule } from '../src/manager.module.ts';
import { ROUTE_ACCESS } from './route-access.ts';
import { servicesWithoutServers } from '../src/services-without-servers.ts';

// Goal: no route without a word on who may use it, and none that the walk of access.mysql.test.ts passes by.
// Method: compares the OpenAPI document, which names each route's role, with a table that is written by hand; starts the
// application with a controller that says nothing.

const moduleOf = (): ReturnType<typeof ManagerModule.of> =>
  ManagerModule.of(servicesWithoutServers(), pino({ level: 'silent' }));
let app: INestApplication;

beforeAll(async () => {
  app = await NestFactory.create(moduleOf(), { logger: false });
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

class Silent {
  @Get()
  @Allows('admin')
  told(): string {
    return 'of this one nothing is wrong';
  }

  @Get('more')
  untold(): string {
    return 'whoever asks';
  }
}

@ApiController('stray', 'Stray')
class StrayController extends Silent {}

@Controller('api/v1/unguarded')
class UnguardedController extends Silent {}

it.each([
  ['has a route that says nothing', StrayController, /allow: StrayController\.untold$/],
  ['has no guard', UnguardedController, /allow: UnguardedController\.told, UnguardedController\.untold$/],
])('the application does not start with a controller that %s', async (_what, stray, expected) => {
  const module = moduleOf();
  const controllers = [...(module.controllers ?? []), stray];
  const strayed = await NestFactory.create({ ...module, controllers }, { logger: false });
  await expect(strayed.init()).rejects.toThrow(expected);
});

it('and starts with all that there are', async () => {
  await expect(app.init()).resolves.toBe(app);
});
