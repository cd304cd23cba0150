import { must } from '@lutra/model';
import type { EntityManager } from 'typeorm';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { checkDefinition } from './mapping-rules.ts';
import { compileDefinition } from './compile-definition.ts';
import { DefinitionEntity } from './definition.entity.ts';

/**
 * Compiles the pipelines anew after a change, inside the change's own transaction ({@link Store.change}): what would not
 * work is refused and the change with it. A pipeline whose definition is another one now gets the next revision and a
 * place in the outbox; an equal one keeps its revision.
 */
export async function reviseDefinitions(
  manager: EntityManager,
  pipelineIds: readonly string[],
  now: Date,
): Promise<void> {
  const current = await manager.find(DefinitionEntity, { where: { isRemoved: false } });
  const bodies = new Map(current.map(({ pipelineId, body }) => [pipelineId, body]));
  for (const id of pipelineIds) {
    const pipeline = must(await manager.findOneBy(PipelineEntity, { id }), 'the change names existing pipelines');
    const compiled = compileDefinition({
      pipeline,
      source: must(await manager.findOneBy(DataSourceEntity, { id: pipeline.sourceId }), 'a foreign key holds it'),
      target: must(await manager.findOneBy(DataSourceEntity, { id: pipeline.targetId }), 'a foreign key holds it'),
      mappings: await manager.find(MappingEntity, { where: { pipelineId: id }, order: { id: 'ASC' } }),
    });
    const before = bodies.get(id);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(compiled)) continue;
    checkDefinition(
      compiled,
      [...bodies.values()].filter((other) => other.id !== id),
    );
    pipeline.revision += 1;
    pipeline.updatedAt = now;
    const body = { ...compiled, revision: pipeline.revision };
    await manager.save(pipeline);
    // Not save(): it writes only what differs from the row as this transaction first saw it, and the publisher may have
    // set isPublished for the revision before in the meantime; the new one would then never be published.
    await manager.upsert(
      DefinitionEntity,
      { pipelineId: id, revision: body.revision, body, isPublished: false, isRemoved: false },
      ['pipelineId'],
    );
    bodies.set(id, body);
  }
}

/** The pipelines that read or write the data source. */
export async function pipelinesOf(manager: EntityManager, dataSourceId: string): Promise<string[]> {
  const pipelines = await manager.find(PipelineEntity, {
    where: [{ sourceId: dataSourceId }, { targetId: dataSourceId }],
    order: { id: 'ASC' },
  });
  return pipelines.map(({ id }) => id);
}
