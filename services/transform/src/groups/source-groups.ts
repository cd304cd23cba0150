import type { GroupReader } from '@lutra/mapping';
import { SyncError } from '@lutra/model';
import type { Clock, PipelineDefinition } from '@lutra/model';
import { errnoOf, readGroups } from '@lutra/source-access';
import type { SourceAccess } from '@lutra/source-access';

const WAIT_MS_MIN = 2;
const WAIT_MS_MAX = 500;
/** Lock waits, deadlocks, statements that were interrupted, a table that was altered since the snapshot: they pass. */
const PASSING: ReadonlySet<number> = new Set([1205, 1213, 1317, 1412, 1969, 3024]);

export interface SourceGroupsParts {
  readonly access: SourceAccess;
  readonly clock: Clock;
  /** The newest revision of a pipeline: passwords and servers are changed under running epochs. */
  readonly newest: (pipelineId: string) => Promise<PipelineDefinition | null>;
}

/** Reads groups of rows at the sources of pipelines, a bounded number of rows at a time. */
export class SourceGroups {
  constructor(private readonly parts: SourceGroupsParts) {}

  /**
   * For one process. What fails in passing is repeated for `retryInPlaceMs`; then SOURCE_UNREACHABLE, SOURCE_COMMIT_PENDING and
   * the like end the epoch, to be tried again by the arbiter.
   */
  readerOf(definition: PipelineDefinition, serverUuid: string, signal: AbortSignal): GroupReader {
    return {
      read: async (question, transactions, begin) => {
        const { access, clock } = this.parts;
        const endMs = clock.monotonicMs() + definition.parameters.retryInPlaceMs;
        const source = await this.sourceOf(definition);
        for (let attempt = 1; ; attempt += 1) {
          signal.throwIfAborted();
          let failure: SyncError;
          try {
            const isRead = await access.use(source, { serverUuid, signal }, (session) =>
              readGroups(session, question, { transactions, attempt, take: begin(), signal }),
            );
            if (isRead) return;
            failure = pending(source);
          } catch (error) {
            failure = SyncError.of(error);
            if (!isPassing(failure)) throw failure;
          }
          if (clock.monotonicMs() >= endMs) throw failure;
          await clock.sleep(Math.min(WAIT_MS_MIN * 2 ** Math.min(attempt, 10), WAIT_MS_MAX), signal);
        }
      },
    };
  }

  private async sourceOf({ id, source }: PipelineDefinition): Promise<PipelineDefinition['source']> {
    const newest = (await this.parts.newest(id))?.source;
    return newest?.id === source.id ? newest : source;
  }
}

function isPassing(failure: SyncError): boolean {
  if (failure.code === 'SOURCE_UNREACHABLE' || failure.code === 'SOURCE_CONNECTION_LOST') return true;
  return PASSING.has(errnoOf(failure));
}

function pending({ host, port }: PipelineDefinition['source']): SyncError {
  const address = `${host}:${String(port)}`;
  const problem = `Transactions that are in the log cannot be seen at the source ${address} yet`;
  return new SyncError('SOURCE_COMMIT_PENDING', { problem, address });
}
