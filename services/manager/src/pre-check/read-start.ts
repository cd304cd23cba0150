import { parseDone } from '@lutra/model';
import type { CursorState, DonePlace, PipelineDefinition } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';
import { askLog, askOldest } from '../data-sources/ask-log.ts';
import type { ServerFacts, StartFacts } from './pre-check-facts.ts';

/** Where a pipeline would read on. */
export interface NextPlace {
  readonly done: DonePlace;
  /** It has been there; otherwise it is the configured start. */
  readonly isReached: boolean;
}

/** Null: a start that is looked for in the log when the time has come, or the place of a dry run. */
export function nextPlaceOf(
  { start }: PipelineDefinition,
  cursor: CursorState | null,
  { kind, variables }: ServerFacts,
): NextPlace | null {
  if (cursor?.state === 'place')
    return cursor.dryRun === undefined ? { done: cursor.place.done, isReached: true } : null;
  if (start.kind === 'file') {
    const { file, offset } = start;
    return { done: { kind: 'file', serverUuid: variables['server_uuid'] ?? '', file, offset }, isReached: false };
  }
  if (start.kind !== 'gtid') return null;
  const { gtid } = start;
  if (kind === 'mariadb')
    return { done: parseDone({ kind: 'mariadbGtid', gtidList: gtid }).toDone(), isReached: false };
  return variables['gtid_mode'] === 'ON' ? { done: { kind: 'mysqlGtid', gtidSet: gtid }, isReached: false } : null;
}

/** Asks whether the log of the source reaches back to the place. Throws what the session throws. */
export async function readStart(session: TargetSession, nextPlace: () => NextPlace | null): Promise<StartFacts | null> {
  const place = nextPlace();
  if (place === null || (await askLog(session, place.done)) !== 'purged') return null;
  return { ...place, oldest: await askOldest(session, place.done.kind) };
}
