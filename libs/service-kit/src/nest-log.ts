import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** NestJS's own words in our log. What it says at start (routes, modules) is of interest only when something is wrong: debug. */
export function nestLog(log: Logger): LoggerService {
  const nest = log.child({ component: 'nest' });
  return {
    log: (message: unknown, context?: unknown) => {
      nest.debug({ context, message }, 'nest message');
    },
    warn: (message: unknown, context?: unknown) => {
      nest.warn({ context, message }, 'nest warning');
    },
    error: (message: unknown, ...rest: unknown[]) => {
      if (message instanceof Error) nest.error({ err: message, context: rest.at(-1) }, 'nest error');
      else nest.error({ message, rest }, 'nest error');
    },
  };
}
