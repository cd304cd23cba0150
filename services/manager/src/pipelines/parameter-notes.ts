import type { PipelineParameters } from '@lutra/model';

/** From when a changed parameter counts. None needs a stop: a PATCH publishes a revision, and the stages follow it. */
type Effect = 'at once' | 'next process' | 'next epoch' | 'next lease';

const note = (meaning: string, effect: Effect): string => `${meaning}. Takes effect: ${effect}`;

/** What each parameter does, in which unit, and from when: for the API page. */
export const PARAMETER_NOTES: Readonly<Record<keyof PipelineParameters, string>> = {
  parallelism: note('Window: processes that may be selected and not yet loaded', 'next process'),
  maxRows: note('Rows after which a process is closed', 'next process'),
  maxBytes: note('Bytes of the binary log after which a process is closed', 'next process'),
  maxDelayMs: note('Milliseconds after which a process that is not full is closed', 'next process'),
  loadBatchRows: note('Rows that one statement at the target may hold', 'next process'),
  cursorMaxAgeMs: note('Milliseconds after which the place is moved on although no mapped row came', 'next process'),
  heartbeatMs: note('Milliseconds of silence after which the source sends a sign of life', 'next epoch'),
  retryInPlaceMs: note(
    'Milliseconds for which select and load repeat what may pass, before the pipeline is paused',
    'next process',
  ),
  processAgeMaxMs: note('Milliseconds that a process may be open before a warning and a RESTART', 'at once'),
  ddl: note(
    'What TRUNCATE, DROP and RENAME of a mapped table do: stop, or be passed over with a warning',
    'next process',
  ),
  applyMode: note(
    'merged: fastest, eventually consistent inside a process; transactional: source transactions stay whole and in order',
    'next process',
  ),
  extractPlacement: note('Which live instance of extract gets a process; any = whoever is free', 'next process'),
  transformPlacement: note('Which live instance of transform gets a process; any = whoever is free', 'next process'),
  priority: note('Who goes first where pipelines share an instance', 'next process'),
  failoverMode: note(
    'fast: leases end soon after their holder was last heard; balanced: after the session timeout; safe: as balanced, and load compares the last window first',
    'next lease',
  ),
  failback: note('When a preferred instance comes back: stay, return the lease to it, or ask by a warning', 'at once'),
  preferredSelect: note("Instance that should hold the mainstem; '' = the least loaded", 'next lease'),
  preferredLoad: note("Instance that should hold the loader; '' = the least loaded", 'next lease'),
  queueAgeMaxMs: note('Milliseconds that a process may wait in one queue before it is looked into', 'at once'),
  stageAgeMaxMs: note('Milliseconds that a stage may have a process in hand before it is looked into', 'at once'),
  noProgressMaxMs: note(
    'Milliseconds without a loaded process, while the source goes on, before it is looked into and restarted',
    'at once',
  ),
};
