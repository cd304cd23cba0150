import type { ServiceContext } from '@lutra/service-kit';

/** What the arbiter needs of its surroundings. */
export type ArbiterParts = Pick<ServiceContext, 'bus' | 'coordinator' | 'clock' | 'log' | 'identity'>;
