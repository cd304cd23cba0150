import { findResource } from '../http/find-resource.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import { MappingEntity } from './mapping.entity.ts';
import { resolveTable } from './resolve-table.ts';
import type { ResolveQuery, TableResolutionDto } from './table-resolution.dto.ts';

/** Says what the mappings of a pipeline make of a table, without asking any database. */
export class TableResolver {
  constructor(private readonly store: Store) {}

  /** Throws RESOURCE_NOT_FOUND. */
  async resolve(pipelineId: string, { schema, table }: ResolveQuery): Promise<TableResolutionDto> {
    const mappings = await this.store.run(async (manager) => {
      await findResource(manager, PipelineEntity, pipelineId);
      return manager.find(MappingEntity, { where: { pipelineId }, order: { id: 'ASC' } });
    });
    return resolveTable(mappings, { schema, table });
  }
}
