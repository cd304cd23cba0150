import type { ServiceContext } from '@lutra/service-kit';
import type { SimNode } from './node.ts';

type Logger = ServiceContext['log'];

/** The log of one instance: warnings and errors go to the trace while it is kept. */
export function simLog(node: SimNode): Logger {
  const { world } = node;
  const write = (level: string) => (fields: unknown, message?: string) => {
    if (!world.trace.isKept) return;
    world.trace.note(world.nowMs, `${node.name} ${level}: ${message ?? ''} ${describe(fields)}`);
  };
  const quiet = (): void => undefined;
  const log = {
    trace: quiet,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: () => log,
  };
  return log as unknown as Logger;
}

function describe(fields: unknown): string {
  return JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? value.message : value));
}
