import { createHash } from 'node:crypto';
import { completeParameters } from '@lutra/model';
import type { MappingRules, PipelineParameters, StartDefinition } from '@lutra/model';
import type { ChannelEntity } from '../channels/channel.entity.ts';
import { nameLookupSources } from '../mapping-rules/lookup-sources.ts';
import { showRules } from '../mapping-rules/masking-keys.ts';
import type { MappingEntity } from '../mappings/mapping.entity.ts';
import type { MappingContent } from '../mappings/read-mapping.ts';
import type { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { settingsOf } from '../revisions/keep-revision.ts';
import { alarmRuleDocumentOf, storedRuleContentOf } from './alarm-rule-document.ts';
import type { AlarmRuleDocument, StoredRule } from './alarm-rule-document.ts';

export const DOCUMENT_FORMAT = 'lutra-channel/1';

/** A whole channel as data, without ids and secrets: data sources are named. What is the default is left out of mappings. */
export interface ChannelDocument {
  readonly format: typeof DOCUMENT_FORMAT;
  readonly channel: { readonly name: string; readonly description: string };
  /** In order of their names. */
  readonly pipelines: readonly PipelineDocument[];
  /** Those that are about nothing but this channel, in order of their names. */
  readonly alarmRules: readonly AlarmRuleDocument[];
}

export interface PipelineDocument {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly start: StartDefinition;
  /** As they were set; what is not there has its default. */
  readonly parameters: Partial<PipelineParameters>;
  readonly mappings: readonly MappingDocument[];
}

export type MappingDocument = Readonly<Record<string, unknown>> & Pick<MappingContent, 'source' | 'target'>;

/** A mapping as the store has it, its masking keys sealed. */
export type StoredContent = Readonly<Record<string, unknown>> &
  Omit<MappingContent, 'rules'> & { readonly rules: MappingRules | null };

/** Rows of the store that a document is made of. */
export interface StoredChannel {
  readonly channel: ChannelEntity;
  readonly pipelines: readonly StoredPipeline[];
  readonly rules: readonly StoredRule[];
}

/** Rows of the store that make one pipeline's part. */
export interface StoredPipeline {
  readonly pipeline: PipelineEntity;
  readonly source: string;
  readonly target: string;
  readonly mappings: readonly MappingEntity[];
  /** Names of all data sources, by id. */
  readonly dataSources: ReadonlyMap<string, string>;
}

export function channelDocumentOf({ channel, pipelines, rules }: StoredChannel): ChannelDocument {
  const { name, description } = channel;
  return {
    format: DOCUMENT_FORMAT,
    channel: { name, description },
    pipelines: pipelines.map(pipelineDocumentOf).sort(byName),
    alarmRules: rules.map((rule) => alarmRuleDocumentOf(storedRuleContentOf(rule))).sort(byName),
  };
}

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1;

export function pipelineDocumentOf({
  pipeline,
  source,
  target,
  mappings,
  dataSources,
}: StoredPipeline): PipelineDocument {
  const { name, start, parameters } = pipeline;
  // What a pipeline of an older release was not told is written down: its defaults are not those of a new one.
  const { lanes, ddl } = completeParameters(parameters);
  return {
    ...{ name, source, target, start },
    parameters: { lanes, ddl, ...parameters },
    mappings: mappings.map((mapping) => mappingDocumentOf(shown(storedContentOf(mapping), dataSources))),
  };
}

/** What a person has set, without what is the default. */
export function mappingDocumentOf(content: Readonly<Record<string, unknown>> & MappingContent): MappingDocument {
  const { source, target, columns, onConflict, weight, ...rest } = content;
  const others = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...{ source, target },
    ...(columns.mode === 'all' ? {} : { columns }),
    ...(onConflict === null || onConflict.kind === 'overwrite' ? {} : { onConflict }),
    ...(weight === 0 ? {} : { weight }),
    ...Object.fromEntries(others),
  };
}

export function storedContentOf(mapping: MappingEntity): StoredContent {
  const content = Object.fromEntries(Object.entries(settingsOf(mapping)).filter(([name]) => name !== 'id'));
  return content as StoredContent;
}

const shown = (
  content: StoredContent,
  dataSources: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> & MappingContent => ({
  ...content,
  rules: content.rules === null ? null : nameLookupSources(showRules(content.rules), dataSources),
});

/** What one mapping copies into what: there is never another one with the same. */
export function mappingName({ source, target }: Pick<MappingContent, 'source' | 'target'>): string {
  const name = `${sayNames(source.schema)}.${sayNames(source.table)}`;
  return `${name} → ${target.schema}${target.table === undefined ? '' : `.${target.table}`}`;
}

function sayNames(names: MappingContent['source']['schema' | 'table']): string {
  if (typeof names === 'string') return names;
  if ('range' in names) return names.range;
  return 'exact' in names ? names.exact : `/${names.regex}/`;
}

/** Another one whenever the document is another one: its ETag. */
export const documentTag = (document: ChannelDocument): string =>
  createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 32);
