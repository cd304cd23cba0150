import type { GroupReader } from '@lutra/mapping';
import type { PipelineDefinition } from '@lutra/model';
import { PatientAccess, readGroups } from '@lutra/source-access';
import type { PatientAccessParts } from '@lutra/source-access';

/** Reads groups of rows at the sources of pipelines, a bounded number of rows at a time. */
export class SourceGroups {
  private readonly sources: PatientAccess;

  constructor(parts: PatientAccessParts) {
    this.sources = new PatientAccess(parts);
  }

  /**
   * For one process. What fails in passing is repeated for `retryInPlaceMs`; then SOURCE_UNREACHABLE, SOURCE_COMMIT_PENDING,
   * SOURCE_GROUPS_GONE and the like end the epoch, to be tried again by the arbiter.
   */
  readerOf(definition: PipelineDefinition, serverUuid: string | null, signal: AbortSignal): GroupReader {
    return {
      read: async (question, transactions, begin) => {
        await this.sources.at(definition, { serverUuid, signal }, async (session, attempt) => {
          const isRead = await readGroups(session, question, { transactions, attempt, take: begin(), signal });
          return isRead ? true : null;
        });
      },
    };
  }
}
