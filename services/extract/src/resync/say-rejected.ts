import { bufferRejectionText, SyncError } from '@lutra/model';
import type { WarningCode } from '@lutra/model';
import type { ServiceContext } from '@lutra/service-kit';
import type { ExtractEnv } from '../extract.env.ts';
import type { FreeGateParts } from './free-gate.ts';

/** Tells of a rejected wish among the events of the pipeline, where the API finds it. */
export const sayRejected =
  ({ bus, clock, identity, log }: ServiceContext<ExtractEnv>): FreeGateParts['answer'] =>
  async (pipelineId, { wish, reason }) => {
    const { id, fullName, type, key } = wish;
    try {
      await bus.publishEvent({
        ...{ v: 1, kind: 'warning', at: clock.now().toISOString(), who: identity.instance, pipelineId, epoch: null },
        ...{ process: null, traceId: null, code: 'RESYNC_KEY_REJECTED' satisfies WarningCode },
        message: bufferRejectionText({ id, table: fullName, type, key, reason }),
      });
    } catch (error) {
      // The rows of the process are worth more than the word about one that was not sent.
      log.warn({ pipelineId, err: error, code: SyncError.of(error).code }, 'a rejected key cannot be told of');
    }
  };
