import { createHash } from 'node:crypto';
import { LessThanOrEqual } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { DataSourceDefinition, PipelineDefinition } from '@lutra/model';
import type { Caller } from '../http/token.guard.ts';
import { markRules } from '../mapping-rules/masking-keys.ts';
import type { MappingEntity } from '../mappings/mapping.entity.ts';
import type { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { readSystemParameters } from '../system-parameters/system-parameters.ts';
import { RevisionEntity } from './revision.entity.ts';
import type { KeptDataSource, KeptDefinition, KeptSettings } from './revision.entity.ts';

/** Who makes a revision, and when. The comment is the caller's. */
export interface RevisedBy {
  readonly caller: Caller;
  readonly at: Date;
}

/** Keeps a revision in the transaction that makes it, and lets go of the one that is too old now. */
export async function keepRevision(
  manager: EntityManager,
  {
    pipeline,
    mappings,
    body,
  }: {
    readonly pipeline: PipelineEntity;
    readonly mappings: readonly MappingEntity[];
    readonly body: PipelineDefinition;
  },
  { caller, at }: RevisedBy,
): Promise<void> {
  const { id: pipelineId, revision: number, parameters } = pipeline;
  const revision = Object.assign(new RevisionEntity(), {
    ...{ pipelineId, number, at, author: caller.name, comment: caller.comment ?? '' },
    body: keptDefinition(body),
    settings: { parameters, mappings: mappings.map(settingsOf) },
  });
  await manager.save(revision, { reload: false });
  const { revisionsMax } = await readSystemParameters(manager);
  await manager.delete(RevisionEntity, { pipelineId, number: LessThanOrEqual(number - revisionsMax) });
}

export const keptDefinition = ({ lookupSources, ...definition }: PipelineDefinition): KeptDefinition => ({
  ...definition,
  ...(lookupSources === undefined ? {} : { lookupSources: lookupSources.map(keptDataSource) }),
  source: keptDataSource(definition.source),
  target: keptDataSource(definition.target),
  mappings: definition.mappings.map((mapping) =>
    mapping.rules === undefined ? mapping : { ...mapping, rules: markRules(mapping.rules) },
  ),
});

/** Every column that a person sets, whatever later versions add: not what the store counts by itself. */
export const settingsOf = (mapping: MappingEntity): KeptSettings['mappings'][number] => {
  const notSet = ['version', 'createdAt', 'updatedAt', 'pipelineId'];
  return Object.fromEntries(Object.entries(mapping).filter(([name]) => !notSet.includes(name)));
};

/** Named fields only: what is added to a data source one day may be secret. The mark tells that something of it is another. */
function keptDataSource(dataSource: DataSourceDefinition): KeptDataSource {
  const { id, name, kind, host, port, user } = dataSource;
  const mark = createHash('sha256').update(JSON.stringify(dataSource)).digest('hex').slice(0, 16);
  return { id, name, kind, host, port, user, mark };
}
