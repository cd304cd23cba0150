import type { SourceSession } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition, PipelineDefinition } from '@lutra/model';
import type { SourceAccess } from './source-access.ts';
import { errnoOf } from './source-errno.ts';

export interface PatientAccessParts {
  readonly access: Pick<SourceAccess, 'use'>;
  readonly clock: Clock;
  /**
   * The newest revision of a pipeline; null = there is none. Rows are read where and as whom it says, though the epoch goes on
   * with an older one: unlike the place in a log (with-newest-login.ts) a row is the same at every server of the source, once
   * the transactions that are asked for are visible there.
   */
  readonly newest: (pipelineId: string) => Promise<PipelineDefinition | null>;
}

export interface PatientQuestion {
  /** One of the pipeline's; absent = its source. */
  readonly dataSourceId?: string | undefined;
  /** As in {@link SourceAccess.use}. */
  readonly serverUuid: string | null;
  readonly signal: AbortSignal;
}

const WAIT_MS_MIN = 2;
const WAIT_MS_MAX = 500;
/** A full disk, lock waits, deadlocks, statements that were interrupted, a table that was altered since the snapshot. */
const PASSING_ERRNOS: ReadonlySet<number> = new Set([1021, 1114, 1205, 1213, 1317, 1412, 1969, 3024]);
/** What is gone may come back with its rows: no change would tell of them. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  'SOURCE_UNREACHABLE',
  'SOURCE_CONNECTION_LOST',
  'SOURCE_GROUPS_GONE',
]);

/** Work at the data sources of pipelines that is repeated while what it fails by may pass. */
export class PatientAccess {
  constructor(private readonly parts: PatientAccessParts) {}

  /**
   * What `work` answers; null = the transactions that it needs are not visible yet. Asked again, with the number of the
   * attempt from 1, for the pipeline's `retryInPlaceMs`; then the last failure is thrown: SOURCE_COMMIT_PENDING,
   * SOURCE_UNREACHABLE and the like. Throws at once what does not pass, and what the signal was aborted with.
   */
  async at<T>(
    definition: PipelineDefinition,
    { dataSourceId, serverUuid, signal }: PatientQuestion,
    work: (session: SourceSession, attempt: number) => Promise<T | null>,
  ): Promise<T> {
    const { access, clock } = this.parts;
    const endMs = clock.monotonicMs() + definition.parameters.retryInPlaceMs;
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      let failure: SyncError;
      try {
        const source = must(await this.dataSource(definition, dataSourceId), 'the pipeline has the data source');
        const answer = await access.use(source, { serverUuid, signal }, (session) => work(session, attempt));
        if (answer !== null) return answer;
        failure = pending(source);
      } catch (error) {
        signal.throwIfAborted();
        failure = SyncError.of(error);
        if (!isPassing(failure)) throw failure;
      }
      if (clock.monotonicMs() >= endMs) throw failure;
      await clock.sleep(Math.min(WAIT_MS_MIN * 2 ** Math.min(attempt, 10), WAIT_MS_MAX), signal);
    }
  }

  /** The data source as it is now; `id` undefined = the pipeline's source. Null: neither revision has it. */
  async dataSource(definition: PipelineDefinition, id = definition.source.id): Promise<DataSourceDefinition | null> {
    const newest = await this.parts.newest(definition.id);
    for (const one of [newest, definition]) {
      const known = one === null ? [] : [one.source, ...(one.lookupSources ?? [])];
      const found = known.find((source) => source.id === id);
      if (found !== undefined) return found;
    }
    return null;
  }
}

/** Whether the same question may be answered a little later. */
export const isPassing = (failure: SyncError): boolean =>
  PASSING_CODES.has(failure.code) || PASSING_ERRNOS.has(errnoOf(failure));

function pending({ host, port }: DataSourceDefinition): SyncError {
  const address = `${host}:${String(port)}`;
  const problem = `Transactions that are in the log cannot be seen at the source ${address} yet`;
  return new SyncError('SOURCE_COMMIT_PENDING', { problem, address });
}
