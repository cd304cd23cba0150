// Prints the OpenAPI document of the API for `npm run docs`. Nothing is connected and nobody is asked.
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { describeApi } from './api-document/describe-api.ts';
import { ManagerModule } from './manager.module.ts';
import { servicesWithoutServers } from './services-without-servers.ts';

const module = ManagerModule.of(servicesWithoutServers(), pino({ level: 'silent' }));
const app = await NestFactory.create(module, { logger: false });
process.stdout.write(JSON.stringify(describeApi(app)));
await app.close();
