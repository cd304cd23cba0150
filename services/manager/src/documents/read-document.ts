import { setImmediate } from 'node:timers/promises';
import type { Processors } from '@lutra/mapping';
import type { PipelineParameters } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { ALARM_KINDS } from '../alarms/alarm-kind.ts';
import { AlarmRuleEntity } from '../alarms/alarm-rule.entity.ts';
import { newRule } from '../alarms/alarm-rule.service.ts';
import { refuseField } from '../http/refuse-field.ts';
import { requestPipe } from '../http/request-pipe.ts';
import { checkParameters } from '../pipelines/parameter-rules.ts';
import { checkRules } from '../mapping-rules/check-rules.ts';
import { mappingContentOf } from '../mappings/read-mapping.ts';
import type { MappingContent } from '../mappings/read-mapping.ts';
import type { StartDto } from '../pipelines/start.dto.ts';
import { storedRuleContentOf } from './alarm-rule-document.ts';
import type { RuleContent } from './alarm-rule-document.ts';
import { mappingName } from './channel-document.ts';
import { ChannelDocumentDto } from './document.dto.ts';
import type { DocumentAlarmRuleDto, DocumentPipelineDto } from './document.dto.ts';

/** What a document wants of one pipeline. */
export interface WantedPipeline {
  /** Where it stands in the document, for messages: 'pipelines.3'. */
  readonly field: string;
  readonly name: string;
  readonly source: string;
  readonly target: string;
  /** Checked when the kind of the source is known. */
  readonly start: StartDto;
  readonly parameters: Partial<PipelineParameters>;
  readonly mappings: readonly MappingContent[];
}

export interface WantedChannel {
  readonly name: string;
  readonly description: string;
  readonly pipelines: readonly WantedPipeline[];
  readonly alarmRules: readonly WantedRule[];
}

/** What a document wants of one alarm rule. */
export interface WantedRule {
  /** 'alarmRules.3'. */
  readonly field: string;
  readonly content: RuleContent;
}

/** What mappings of a document are checked with. */
export interface DocumentChecks {
  /** Says of expressions that they are in use and not to be judged again. */
  readonly isStored: (regex: string) => boolean;
  readonly processors: Processors;
}

const pipe = requestPipe();

/**
 * Plain data as what a document wants, checked field by field as requests are. Other requests are answered between expressions;
 * those that `isStored` knows are not judged again. Throws REQUEST_INVALID, MAPPING_REGEX_INVALID, MAPPING_REGEX_UNSAFE.
 */
export async function readDocument(
  data: unknown,
  name: string,
  { isStored, processors }: DocumentChecks,
): Promise<WantedChannel> {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return refuseField('document', 'The document has to be a map with format, channel, pipelines and alarmRules');
  const given = (await pipe.transform(data, { type: 'body', metatype: ChannelDocumentDto })) as ChannelDocumentDto;
  if (given.channel.name !== name)
    return refuseField(
      'channel.name',
      'channel.name is not the name in the address: a channel cannot be renamed by its document',
    );
  const pipelines: WantedPipeline[] = [];
  for (const [index, pipeline] of (given.pipelines ?? []).entries())
    pipelines.push(await wantedOf(pipeline, `pipelines.${String(index)}`, { isStored, processors }));
  refuseTwice(pipelines.map((pipeline) => ({ field: `${pipeline.field}.name`, name: pipeline.name })));
  const alarmRules = (given.alarmRules ?? []).map((rule, index) => wantedRuleOf(rule, `alarmRules.${String(index)}`));
  refuseTwice(alarmRules.map(({ field, content }) => ({ field: `${field}.name`, name: content.name })));
  return { name, description: given.channel.description ?? '', pipelines, alarmRules };
}

function wantedRuleOf(given: DocumentAlarmRuleDto, field: string): WantedRule {
  const { pipelines, receivers, ...settings } = given;
  if (!ALARM_KINDS[given.kind].isOfPipelines)
    refuseField(`${field}.kind`, `${field}.kind: ${given.kind} is about the installation, not about a channel`);
  const set = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const defaults = Object.assign(new AlarmRuleEntity(), newRule(given.kind), set);
  const names = { pipelines: pipelines?.toSorted() ?? null, receivers: receivers?.toSorted() ?? [] };
  return { field, content: storedRuleContentOf({ rule: defaults, ...names }) };
}

async function wantedOf(
  { name, source, target, start, parameters, mappings }: DocumentPipelineDto,
  field: string,
  { isStored, processors }: DocumentChecks,
): Promise<WantedPipeline> {
  const contents: MappingContent[] = [];
  for (const [index, mapping] of (mappings ?? []).entries()) {
    const place = `${field}.mappings.${String(index)}`;
    const content = inside(place, () => mappingContentOf(mapping, isStored));
    await checkRules(content.rules, processors).catch((error: unknown) =>
      inside(place, () => {
        throw error;
      }),
    );
    contents.push(content);
    if (mapping.source.table.regex !== undefined || typeof mapping.source.schema !== 'string') await setImmediate();
  }
  const set = Object.entries(parameters ?? {}).filter(([, value]) => value !== undefined);
  const wanted: WantedPipeline = {
    ...{ field, name, source, target },
    start: start ?? { kind: 'latest' },
    parameters: Object.fromEntries(set),
    mappings: contents,
  };
  inside(field, () => {
    checkParameters(wanted.parameters);
  });
  refuseTwice(
    wanted.mappings.map((mapping, index) => ({
      field: `${field}.mappings.${String(index)}`,
      name: mappingName(mapping),
    })),
  );
  return wanted;
}

/** Says in which part of the document a rule was broken. */
export function inside<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!SyncError.is(error) || typeof error.details['problem'] !== 'string') throw error;
    const problem = `${field}: ${error.details['problem']}`;
    const { line, column, position } = error.details;
    const told = { field, problem, ...(line === undefined ? {} : { line, column, position }) };
    throw new SyncError(error.code, { ...error.details, problem, fields: [told] }, { cause: error });
  }
}

function refuseTwice(named: readonly { readonly field: string; readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { field, name } of named) {
    if (seen.has(name)) refuseField(field, `${field}: ${name} is there twice`);
    seen.add(name);
  }
}
