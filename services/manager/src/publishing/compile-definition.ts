import { completeParameters, SyncError } from '@lutra/model';
import type { DatabaseKind, DataSourceDefinition, PipelineDefinition, SkipDefinition } from '@lutra/model';
import type { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import type { MappingEntity } from '../mappings/mapping.entity.ts';
import type { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { SkipEntity } from '../skips/skip.entity.ts';
import { compileMapping } from './compile-mapping.ts';

/** Rows of the store that make one definition. */
export interface DefinitionParts {
  readonly pipeline: PipelineEntity;
  readonly source: DataSourceEntity;
  readonly target: DataSourceEntity;
  /** Those that look-ups name, in the order of their ids. */
  readonly lookupSources: readonly DataSourceEntity[];
  /** In the order of their creation. */
  readonly mappings: readonly MappingEntity[];
  /** In the order of their creation. */
  readonly skips: readonly SkipEntity[];
}

/**
 * One self-contained definition: a stage needs nothing else of the store. Its revision is the pipeline's. Throws
 * PIPELINE_SOURCE_UNSUPPORTED, PIPELINE_TARGET_UNSUPPORTED.
 */
export function compileDefinition(parts: DefinitionParts): PipelineDefinition {
  const { pipeline, source, target, mappings, skips } = parts;
  const lookupSources = parts.lookupSources.filter(({ id }) => id !== source.id);
  kindOfSource(source);
  if (target.kind === 'oracle') {
    const problem = `Data source ${target.name} is an Oracle database, which load cannot write yet`;
    throw new SyncError('PIPELINE_TARGET_UNSUPPORTED', { problem, dataSource: target.id });
  }
  return {
    id: pipeline.id,
    name: pipeline.name,
    channelId: pipeline.channelId,
    revision: pipeline.revision,
    source: compileDataSource(source),
    target: compileDataSource(target),
    mappings: mappings.flatMap(compileMapping),
    parameters: completeParameters(pipeline.parameters),
    start: pipeline.start,
    ...(skips.length === 0 ? {} : { skips: skips.map(compileSkip) }),
    ...(lookupSources.length === 0 ? {} : { lookupSources: lookupSources.map(compileDataSource) }),
  };
}

const compileSkip = ({ gtid, event, row }: SkipEntity): SkipDefinition =>
  event === null || row === null ? { gtid } : { gtid, row: { event, row } };

/** What kind of log the pipeline reads. Throws PIPELINE_SOURCE_UNSUPPORTED. */
export function kindOfSource({ id, name, kind }: DataSourceEntity): DatabaseKind {
  if (kind !== 'oracle') return kind;
  const problem = `Data source ${name} is an Oracle database, whose log select does not read`;
  throw new SyncError('PIPELINE_SOURCE_UNSUPPORTED', { problem, dataSource: id });
}

/** A data source as stages see it; its password and its key stay sealed. Throws DATA_SOURCE_UNSUPPORTED. */
export function compileDataSource(entity: DataSourceEntity): DataSourceDefinition {
  const { id, name, kind, host, port, standbys, user, passwordSealed, tls, tlsCa, tlsCert, tlsKeySealed } = entity;
  if (kind === 'oracle') {
    const problem = `Data source ${name} is an Oracle database: only its check can look at it so far`;
    throw new SyncError('DATA_SOURCE_UNSUPPORTED', { problem, dataSource: id });
  }
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
    ...(tlsCert === null || tlsKeySealed === null ? {} : { tlsCert, tlsKey: tlsKeySealed }),
  };
}
