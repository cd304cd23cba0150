import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { must, SyncError } from '@lutra/model';
import { Access, requireInstallation } from '../access/access.ts';
import { ALLOWANCE } from '../access/allows.decorator.ts';
import type { Allowance, Concern } from '../access/allows.decorator.ts';
import type { Caller } from '../access/caller.ts';
import { isAtLeast } from '../access/role.ts';
import type { Role } from '../access/role.ts';
import { ApiKeyService } from '../api-keys/api-key.service.ts';
import { AuditService } from '../audit/audit.service.ts';
import { SESSION_PREFIX, SessionService } from '../sessions/session.service.ts';

export type { Caller };

export type AuthenticatedRequest = IncomingMessage & {
  caller?: Caller;
  readonly params?: Readonly<Record<string, string>>;
};

const BEARER = /^Bearer ([\w-]{20,200})$/i;

/** Lets a request through when it carries a token that is known, whose role reaches, and whose channels have what it is about. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    @Inject(ApiKeyService) private readonly keys: ApiKeyService,
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(Access) private readonly access: Access,
    @Inject(AuditService) private readonly audit: AuditService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const allowance = Reflect.getMetadata(ALLOWANCE, context.getHandler()) as Allowance | undefined;
    const { role, concern } = must(allowance, 'every route says whom it allows');
    if (role === 'anybody') return true;
    const caller = await this.callerOf(BEARER.exec(request.headers.authorization ?? '')?.[1]);
    if (caller === null) throw new SyncError('REQUEST_UNAUTHORIZED');
    request.caller = caller;
    try {
      requireRole(caller, role);
      await this.requireConcern(caller, concern, request.params ?? {});
    } catch (error) {
      const { method = '', url = '' } = request;
      if (SyncError.is(error) && error.code === 'REQUEST_FORBIDDEN' && method !== 'GET')
        await this.audit.recordRefused(caller, { method, path: url.split('?')[0] ?? '' });
      throw error;
    }
    return true;
  }

  private async callerOf(token: string | undefined): Promise<Caller | null> {
    if (token === undefined) return null;
    return token.startsWith(SESSION_PREFIX) ? this.sessions.callerOf(token) : this.keys.callerOf(token);
  }

  private async requireConcern(
    caller: Caller,
    concern: Concern,
    parameters: Readonly<Record<string, string>>,
  ): Promise<void> {
    if (caller.channelIds === null || concern === 'filtered') return;
    if (concern === 'installation') {
      requireInstallation(caller);
      return;
    }
    const idOf = (name: string): string => must(parameters[name], 'the decorator names a parameter of the path');
    if ('alarm' in concern) await this.access.requireAlarm(caller, idOf(concern.alarm));
    else if ('channel' in concern) await this.access.requireChannel(caller, idOf(concern.channel));
    else if ('channelName' in concern) await this.access.requireChannelNamed(caller, idOf(concern.channelName));
    else if ('dataSource' in concern) await this.access.requireDataSource(caller, idOf(concern.dataSource));
    else await this.access.requirePipeline(caller, idOf(concern.pipeline).split('.')[0] ?? '');
  }
}

function requireRole({ role }: Caller, needed: Role): void {
  if (isAtLeast(role, needed)) return;
  const problem = `This needs the role ${needed}, and you have the role ${role}`;
  throw new SyncError('REQUEST_FORBIDDEN', { problem, role, needed });
}
