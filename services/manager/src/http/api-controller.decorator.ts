import { applyDecorators, Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { EtagInterceptor } from './etag.interceptor.ts';
import { TokenGuard } from './token.guard.ts';

/** A controller of the API: its path below /api/v1, the token that every route asks for, and its chapter in the API page. */
export const ApiController = (path: string, chapter: string): ClassDecorator =>
  applyDecorators(
    Controller(`api/v1${path === '' ? '' : `/${path}`}`),
    UseGuards(TokenGuard),
    UseInterceptors(EtagInterceptor),
    ApiTags(chapter),
    ApiBearerAuth(),
  );
