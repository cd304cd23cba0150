import { checkPlace, gtidsBefore, resolveStart } from '@lutra/binlog';
import type { SourceSession } from '@lutra/binlog';
import { coversDone, SyncError } from '@lutra/model';
import type { MappingMatcher, Place, StartDefinition } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';
import { surveyLog } from './survey-log.ts';
import type { LogSurvey } from './survey-log.ts';

export const REWIND_DIRECTIONS = ['back', 'forward', 'across', 'none'] as const;
/** across: each of the two places has transactions that the other has not, as after the loss of a source. */
export type RewindDirection = (typeof REWIND_DIRECTIONS)[number];

/** What going from one place to another means for the source. */
export interface RewindPlan {
  readonly direction: RewindDirection;
  readonly before: Place;
  readonly after: Place;
  readonly survey: LogSurvey;
  /** Why the source cannot serve the place. */
  readonly refusal: SyncError | null;
}

/** A table whose rows a repeat would double. */
export interface UnrepeatableTable {
  readonly schema: string;
  readonly table: string;
  readonly why: 'noKey' | 'delta';
}

const NOTHING: LogSurvey = {
  ...{
    transactions: 0,
    bytes: 0,
    tables: [],
    statements: 0,
    firstCommitAt: null,
    lastCommitAt: null,
    isComplete: true,
  },
};
const UNKNOWN: LogSurvey = { ...NOTHING, isComplete: false };

/** Source errors that are an answer: the place is none that this source can serve. */
const REFUSALS: readonly string[] = [
  'SOURCE_POSITION_PURGED',
  'SOURCE_POSITION_UNKNOWN',
  'SOURCE_LOST_TRANSACTIONS',
  'SOURCE_SERVER_CHANGED',
];

/**
 * Finds the place that `to` means at the source, and reads what lies between it and where the pipeline stands, until time is
 * up. Throws what the source throws when it cannot be asked; a place that it cannot serve is an answer.
 */
export async function planRewind(
  session: SourceSession,
  asked: { readonly before: Place; readonly to: StartDefinition; readonly matcher: MappingMatcher },
  isTimeUp: AbortSignal,
): Promise<RewindPlan> {
  const { before, to, matcher } = asked;
  const nowhere = (refusal: SyncError): RewindPlan => ({
    ...{ direction: 'back', before, after: before, survey: UNKNOWN, refusal },
  });
  let after: Place;
  try {
    after = await placeOf(session, to, isTimeUp);
  } catch (error) {
    return nowhere(refusalOf(error));
  }
  const direction = directionOf(before, after);
  if (direction === 'none') return { direction, before, after, survey: NOTHING, refusal: null };
  try {
    await checkPlace(session, after);
  } catch (error) {
    return { direction, before, after, survey: UNKNOWN, refusal: refusalOf(error) };
  }
  const survey =
    direction === 'across' ? UNKNOWN : await surveyBetween(session, { direction, before, after, matcher }, isTimeUp);
  return { direction, before, after, survey, refusal: null };
}

/** Of log that the source has purged nobody knows what it held; a pipeline that needs it is put behind it. */
async function surveyBetween(
  session: SourceSession,
  {
    direction,
    before,
    after,
    matcher,
  }: Pick<RewindPlan, 'direction' | 'before' | 'after'> & { readonly matcher: MappingMatcher },
  isTimeUp: AbortSignal,
): Promise<LogSurvey> {
  const [from, until] = direction === 'back' ? [after.done, before.done] : [before.done, after.done];
  try {
    return await surveyLog(session.options, { from, until, matcher }, isTimeUp);
  } catch (error) {
    refusalOf(error);
    return UNKNOWN;
  }
}

/** Of the tables at the target that a repeat of these source tables would write: those whose rows it would double. */
export async function findUnrepeatable(
  session: TargetSession,
  tables: readonly { readonly schema: string; readonly table: string }[],
  matcher: MappingMatcher,
): Promise<readonly UnrepeatableTable[]> {
  const found = new Map<string, UnrepeatableTable>();
  for (const { schema: sourceSchema, table: sourceTable } of tables)
    for (const { mapping, targetSchema: schema, targetTable: table } of matcher.targetsOf(sourceSchema, sourceTable)) {
      const name = `${schema}.${table}`;
      if (found.has(name)) continue;
      const { onConflict, rules } = mapping;
      const isDelta =
        rules?.aggregate !== undefined || (onConflict?.kind === 'merge' && onConflict.deltaColumns.length > 0);
      if (isDelta) found.set(name, { schema, table, why: 'delta' });
      else if ((await session.describeTable({ schema, table }))?.key === null)
        found.set(name, { schema, table, why: 'noKey' });
    }
  return [...found.values()];
}

/** A MySQL source with GTIDs names a place by them also where it is given as file and offset. */
async function placeOf(session: SourceSession, to: StartDefinition, isTimeUp: AbortSignal): Promise<Place> {
  const place = await resolveStart(session, to, isTimeUp);
  const { done } = place;
  if (done.kind !== 'file' || session.server.placeKind !== 'mysqlGtid') return place;
  return { done: await gtidsBefore(session, done, isTimeUp), inside: null };
}

function directionOf(before: Place, after: Place): RewindDirection {
  const isBack = coversDone(before.done, after.done);
  const isForward = coversDone(after.done, before.done);
  if (isBack && isForward) return before.inside === null ? 'none' : 'back';
  if (isBack) return 'back';
  return isForward ? 'forward' : 'across';
}

function refusalOf(error: unknown): SyncError {
  if (SyncError.is(error) && REFUSALS.includes(error.code)) return error;
  throw error;
}
