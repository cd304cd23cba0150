import { figuresOf } from '@lutra/model';
import type { CountedEvent, LoadedEvent } from '@lutra/model';
import { ageMsOf } from './process-history.ts';

/** Nothing that is counted happened before, or will after. */
const YEAR_MIN = 2000;
const YEAR_MAX = 2200;

/**
 * Throws, naming what is wrong, for an event that would leave no number in a sum, or stand in no time: the log is written by many
 * releases, and one bad event must not hold up all that come after it.
 */
export function requireSense(event: CountedEvent): void {
  const year = new Date(event.at).getUTCFullYear();
  if (!(year >= YEAR_MIN && year <= YEAR_MAX)) throw new Error(`Its time is none: ${event.at.slice(0, 50)}`);
  const { counts, ...figures } = figuresOf(event);
  // What an earlier release did not count is absent.
  requireNumbers(
    'counts',
    Object.values<unknown>(counts).filter((count) => count !== undefined),
  );
  requireNumbers('figures', figures);
  if (event.kind === 'loaded') requireProcess(event);
}

function requireProcess(event: LoadedEvent): void {
  requireNumbers('epoch and process', [event.epoch ?? 0, event.process ?? 0]);
  requireNumbers('stages', ageMsOf(event));
  for (const [, inserted, updated, deleted, skipped] of event.tables ?? [])
    requireNumbers('tables', [inserted, updated, deleted, skipped]);
}

function requireNumbers(what: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) requireNumbers(what, part);
  else if (!Number.isFinite(value))
    throw new Error(`Its ${what} hold what is no number: ${String(value).slice(0, 50)}`);
}
