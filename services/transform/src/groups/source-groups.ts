import type { GroupReader } from '@lutra/mapping';
import { SyncError } from '@lutra/model';
import type { Clock, PipelineDefinition } from '@lutra/model';
import { isPassing, readGroups } from '@lutra/source-access';
import type { SourceAccess } from '@lutra/source-access';

const WAIT_MS_MIN = 2;
const WAIT_MS_MAX = 500;

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
   * For one process. What fails in passing is repeated for `retryInPlaceMs`; then SOURCE_UNREACHABLE, SOURCE_COMMIT_PENDING,
   * SOURCE_GROUPS_GONE and the like end the epoch, to be tried again by the arbiter.
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
            if (failure.code !== 'SOURCE_GROUPS_GONE' && !isPassing(failure)) throw failure;
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

function pending({ host, port }: PipelineDefinition['source']): SyncError {
  const address = `${host}:${String(port)}`;
  const problem = `Transactions that are in the log cannot be seen at the source ${address} yet`;
  return new SyncError('SOURCE_COMMIT_PENDING', { problem, address });
}
