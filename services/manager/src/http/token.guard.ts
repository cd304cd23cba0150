import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { SyncError } from '@lutra/model';
import { TokenService } from '../tokens/token.service.ts';

/** Who asks: the token of the request. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  /** Why it asks, in its own words: X-Comment. */
  readonly comment?: string;
}

export type AuthenticatedRequest = IncomingMessage & { caller?: Caller };

const BEARER = /^Bearer ([\w-]{20,200})$/i;

/** Lets a request through when it carries a token that the store knows. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const caller = token === undefined ? null : await this.tokens.callerOf(token);
    if (caller === null) throw new SyncError('REQUEST_UNAUTHORIZED');
    request.caller = caller;
    return true;
  }
}
