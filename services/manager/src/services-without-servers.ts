import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { ByteBudget, systemClock } from '@lutra/model';
import { pino } from 'pino';
import { buildManagerParts } from './manager-parts.ts';
import { ManagerEnv } from './manager.env.ts';

/** The manager's services for what needs no server: its routes and their descriptions. Nothing is connected, and nothing is asked. */
export function servicesWithoutServers(): readonly object[] {
  const { services } = buildManagerParts({
    env: Object.assign(new ManagerEnv(), { LUTRA_SECRET_KEY: Buffer.alloc(32, 7).toString('base64') }),
    identity: { service: 'manager', instance: 'manager-1', host: 'test', version: '0' },
    clock: systemClock,
    log: pino({ level: 'silent' }),
    bus: {} as Bus,
    coordinator: {} as Coordinator,
    budget: new ByteBudget(1),
  });
  return services;
}
