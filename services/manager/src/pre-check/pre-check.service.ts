import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { findResource } from '../http/find-resource.ts';
import type { Plain } from '../http/plain.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import type { FactCollector } from './fact-collector.ts';
import { judgeFacts } from './judge-facts.ts';
import type { PreCheckDto } from './pre-check.dto.ts';
import { PreCheckEntity } from './pre-check.entity.ts';

/** Looks at what a pipeline would meet, says what is wrong with it and what mends it, and keeps the last answer. */
export class PreCheckService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly facts: FactCollector,
  ) {}

  /** Throws RESOURCE_NOT_FOUND, also when the pipeline was never checked. */
  async last(pipelineId: string): Promise<Plain<PreCheckDto>> {
    return this.store.run(async (manager) => {
      const { name } = await findResource(manager, PipelineEntity, pipelineId);
      const found = await manager.findOneBy(PreCheckEntity, { pipelineId });
      if (found !== null) return preCheckDtoOf(found);
      const problem = `Pipeline ${name} has not been checked yet: POST to the same address checks it`;
      throw new SyncError('RESOURCE_NOT_FOUND', { problem });
    });
  }

  /**
   * Checks now; takes as long as the slower server, seconds at most. `triesRows`: whether mappings are tried with the newest rows
   * in the source's log, which takes some seconds more. Throws RESOURCE_NOT_FOUND, RESOURCE_CONFLICT without a definition.
   */
  async check(pipelineId: string, { triesRows }: { readonly triesRows: boolean }): Promise<Plain<PreCheckDto>> {
    const facts = await this.facts.collect(pipelineId, { triesRows });
    if (facts === null) {
      const problem = `Pipeline ${pipelineId} has no definition: change it once, so that one is made`;
      throw new SyncError('RESOURCE_CONFLICT', { problem, pipelineId });
    }
    const checkedAt = this.clock.now();
    const { revision } = facts.definition;
    const entity = Object.assign(new PreCheckEntity(), {
      pipelineId,
      checkedAt,
      revision,
      judgement: judgeFacts(facts),
    });
    await this.store.change(async (manager) => {
      // A pipeline that was removed meanwhile has no place for it.
      await findResource(manager, PipelineEntity, pipelineId);
      await manager.upsert(PreCheckEntity, entity, ['pipelineId']);
    });
    return preCheckDtoOf(entity);
  }
}

const preCheckDtoOf = ({ pipelineId, checkedAt, revision, judgement }: PreCheckEntity): Plain<PreCheckDto> => ({
  ...{ pipelineId, checkedAt: checkedAt.toISOString(), revision },
  mayStart: judgement.findings.every(({ severity }) => severity !== 'error'),
  ...judgement,
});
