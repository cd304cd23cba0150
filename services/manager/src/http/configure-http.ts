import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DOCUMENT_CHARACTERS_MAX } from '../documents/yaml-text.ts';
import { requestPipe } from './request-pipe.ts';

const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];
/** Characters of UTF-8 have up to four bytes; the reader counts characters. */
const DOCUMENT_BYTES_MAX = 4 * DOCUMENT_CHARACTERS_MAX;

/** Rules of the whole HTTP application, and the API page: /api/docs for people, /api/docs-json for programs. */
export function configureHttp(app: INestApplication): void {
  (app as NestExpressApplication).disable('x-powered-by');
  (app as NestExpressApplication).useBodyParser('text', { type: YAML_TYPES, limit: DOCUMENT_BYTES_MAX });
  app.useGlobalPipes(requestPipe());
  SwaggerModule.setup('api/docs', app, () => describeApi(app), {
    jsonDocumentUrl: 'api/docs-json',
    yamlDocumentUrl: 'api/docs-yaml',
  });
}

/** The OpenAPI document of all routes. */
export function describeApi(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle('Lutra')
    .setDescription(
      'Configuration, commands and state of synchronisation pipelines. Errors are RFC 9457 problem documents.',
    )
    .setVersion('1')
    .addBearerAuth()
    .build();
  return SwaggerModule.createDocument(app, description);
}
