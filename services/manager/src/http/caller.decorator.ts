import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { must } from '@lutra/model';
import type { AuthenticatedRequest, Caller } from './token.guard.ts';

/** The caller that {@link TokenGuard} has found. */
export const CallerOf = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  must(context.switchToHttp().getRequest<AuthenticatedRequest>().caller, 'the guard ran before the handler'),
);
