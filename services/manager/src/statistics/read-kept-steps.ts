import type { EntityManager } from 'typeorm';
import type { SystemParameterValues } from '../system-parameters/system-parameter-catalogue.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';
import type { KeptSteps } from './rollup-steps.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How long the steps are kept just now. */
export const readKeptSteps = async (manager: EntityManager): Promise<KeptSteps> =>
  keptSteps(await readSystemParameters(manager));

export const keptSteps = (values: SystemParameterValues): KeptSteps => ({
  '1s': values.statistics1sMinutes * MINUTE_MS,
  '1m': values.statistics1mDays * DAY_MS,
  '1h': values.statistics1hDays * DAY_MS,
  '1d': values.statistics1dDays * DAY_MS,
});
