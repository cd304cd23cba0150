import { completeParameters } from '@lutra/model';
import type { DataSourceDefinition, MappingDefinition, PipelineDefinition } from '@lutra/model';
import type { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import type { MappingEntity } from '../mappings/mapping.entity.ts';
import type { PipelineEntity } from '../pipelines/pipeline.entity.ts';

/** Rows of the store that make one definition. */
export interface DefinitionParts {
  readonly pipeline: PipelineEntity;
  readonly source: DataSourceEntity;
  readonly target: DataSourceEntity;
  /** In the order of their creation. */
  readonly mappings: readonly MappingEntity[];
}

/** One self-contained definition: a stage needs nothing else of the store. Its revision is the pipeline's. */
export function compileDefinition({ pipeline, source, target, mappings }: DefinitionParts): PipelineDefinition {
  return {
    id: pipeline.id,
    name: pipeline.name,
    channelId: pipeline.channelId,
    revision: pipeline.revision,
    source: compileDataSource(source),
    target: compileDataSource(target),
    mappings: mappings.map(compileMapping),
    parameters: completeParameters(pipeline.parameters),
    start: pipeline.start,
  };
}

/** A data source as stages see it; its password stays sealed. */
export function compileDataSource(entity: DataSourceEntity): DataSourceDefinition {
  const { id, name, kind, host, port, standbys, user, passwordSealed, tls, tlsCa } = entity;
  return {
    id,
    name,
    kind,
    host,
    port,
    ...(standbys === null || standbys.length === 0 ? {} : { standbys }),
    user,
    password: passwordSealed,
    tls,
    ...(tlsCa === null ? {} : { tlsCa }),
  };
}

/** What is the default is left out, so that a definition of an earlier version stays the same revision. */
const compileMapping = ({ id, source, target, columns, onConflict, weight }: MappingEntity): MappingDefinition => ({
  id,
  source,
  target,
  columns,
  ...(onConflict === null || onConflict.kind === 'overwrite' ? {} : { onConflict }),
  ...(weight === 0 ? {} : { weight }),
});
