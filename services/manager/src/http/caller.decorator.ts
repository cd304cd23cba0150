import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { must } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { COMMENT_HEADER, commentOf } from './comment.decorator.ts';
import type { AuthenticatedRequest } from './token.guard.ts';

/** The caller that {@link TokenGuard} has found, with the comment of the request. */
export const CallerOf = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
  const caller = must(request.caller, 'the guard ran before the handler');
  const comment = commentOf(request.headers[COMMENT_HEADER]);
  return comment === undefined ? caller : { ...caller, comment };
});
