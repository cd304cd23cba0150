import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { ApiDocument } from '../api-document/api-document.ts';
import { describeApi } from '../api-document/describe-api.ts';
import { DOCUMENT_CHARACTERS_MAX } from '../documents/yaml-text.ts';
import type { ManagerEnv } from '../manager.env.ts';
import { requestForms, YAML_TYPES } from './request-forms.ts';
import { requestPipe } from './request-pipe.ts';
import { securityHeaders } from './security-headers.ts';

/** 4 096 columns of a mapping with long names fill half of it. */
const BODY_LIMIT = '1mb';
/** What a page of another origin may read besides the body. */
const EXPOSED_HEADERS = ['etag', 'retry-after'];

/** Characters of UTF-8 have up to four bytes; the reader counts characters. */
const DOCUMENT_BYTES_MAX = 4 * DOCUMENT_CHARACTERS_MAX;

/** Rules of the whole HTTP application, and the API page: /api/docs for people, /api/docs-json for programs. */
export function configureHttp(
  app: INestApplication,
  env: Pick<ManagerEnv, 'LUTRA_CORS_ORIGINS' | 'LUTRA_TRUSTED_PROXIES'>,
): void {
  const express = app as NestExpressApplication;
  const [origins, proxies] = [listOf(env.LUTRA_CORS_ORIGINS), listOf(env.LUTRA_TRUSTED_PROXIES)];
  express.disable('x-powered-by');
  // An ETag is the version of a resource: one made by hashing each answer would cost more than most answers, and nobody keeps them.
  express.disable('etag');
  // Whose X-Forwarded-For counts: a client could write any address into it.
  express.set('trust proxy', proxies.length === 0 ? false : proxies);
  express.use(securityHeaders);
  // Bearer tokens are sent by scripts, not by the browser itself: no credentials.
  if (origins.length > 0) express.enableCors({ origin: origins, exposedHeaders: EXPOSED_HEADERS });
  let described: ApiDocument | undefined;
  const document = (): ApiDocument => (described ??= describeApi(app));
  express.use(requestForms(document));
  express.useBodyParser('json', { limit: BODY_LIMIT });
  express.useBodyParser('text', { type: YAML_TYPES, limit: DOCUMENT_BYTES_MAX });
  app.useGlobalPipes(requestPipe());
  SwaggerModule.setup('api/docs', app, () => document() as unknown as OpenAPIObject, {
    jsonDocumentUrl: 'api/docs-json',
    yamlDocumentUrl: 'api/docs-yaml',
  });
}

const listOf = (text: string): string[] => text.split(',').filter((item) => item !== '');
