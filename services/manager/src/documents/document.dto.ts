import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { AlarmRuleCreateDto, RECEIVERS_MAX, SCOPE_MAX } from '../alarms/alarm-rule.dto.ts';
import { RULES_MAX } from '../alarms/alarm-rule.service.ts';
import { IsName } from '../http/is-name.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { MappingCreateDto } from '../mappings/mapping.dto.ts';
import { MAPPINGS_MAX } from '../mappings/mapping.service.ts';
import { ParametersDto } from '../pipelines/parameters.dto.ts';
import { YES_NO } from '../http/yes-no.ts';
import type { YesNo } from '../http/yes-no.ts';
import { CONFIRMATION, PipelineRemovalQuery } from '../pipelines/pipeline.dto.ts';
import { StartDto } from '../pipelines/start.dto.ts';
import type { Difference } from '../revisions/structural-diff.ts';
import { DifferenceDto } from '../revisions/revision.dto.ts';
import { DOCUMENT_FORMAT } from './channel-document.ts';

const PIPELINES_MAX = 1_000;

export class DocumentChannelDto {
  @ApiProperty({ description: 'The one of the address' })
  @IsName()
  name!: string;

  @ApiPropertyOptional({ maxLength: 1000 })
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  description?: string;
}

export class DocumentPipelineDto {
  @ApiProperty({ description: 'What a pipeline is found by: another name is another pipeline' })
  @IsName()
  name!: string;

  @ApiProperty({ description: 'Name of the data source that is read' })
  @IsName()
  source!: string;

  @ApiProperty({ description: 'Name of the data source that is written' })
  @IsName()
  target!: string;

  @ApiPropertyOptional({ type: StartDto, description: "Default: {kind: 'latest'}" })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => StartDto)
  start?: StartDto;

  @ApiPropertyOptional({ type: ParametersDto, description: 'What is not there has its default' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ParametersDto)
  parameters?: ParametersDto;

  @ApiPropertyOptional({ type: [MappingCreateDto] })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAPPINGS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => MappingCreateDto)
  mappings?: MappingCreateDto[];
}

/** As a rule is created, but for names instead of ids. A pause is no part of it: it stays as it is. */
export class DocumentAlarmRuleDto extends OmitType(AlarmRuleCreateDto, [
  'receiverIds',
  'scope',
  'pauseUntil',
] as const) {
  @ApiPropertyOptional({
    ...{ type: [String], minItems: 1, maxItems: SCOPE_MAX },
    description: 'Pipelines of this channel by name; default: all, also those to come',
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SCOPE_MAX)
  @ArrayUnique()
  @IsString({ each: true })
  pipelines?: string[];

  @ApiPropertyOptional({
    ...{ type: [String], default: [], maxItems: RECEIVERS_MAX },
    description: 'Receivers by name; they have to be there',
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(RECEIVERS_MAX)
  @ArrayUnique()
  @IsString({ each: true })
  receivers?: string[];
}

/** A whole channel, as YAML or JSON. */
export class ChannelDocumentDto {
  @ApiProperty({ enum: [DOCUMENT_FORMAT] })
  @IsIn([DOCUMENT_FORMAT])
  format!: typeof DOCUMENT_FORMAT;

  @ApiProperty({ type: DocumentChannelDto })
  @IsObject()
  @ValidateNested()
  @Type(() => DocumentChannelDto)
  channel!: DocumentChannelDto;

  @ApiPropertyOptional({ type: [DocumentPipelineDto] })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(PIPELINES_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => DocumentPipelineDto)
  pipelines?: DocumentPipelineDto[];

  @ApiPropertyOptional({
    type: [DocumentAlarmRuleDto],
    description:
      'Rules about nothing but this channel; those of several channels and of the installation are no part of it',
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(RULES_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => DocumentAlarmRuleDto)
  alarmRules?: DocumentAlarmRuleDto[];
}

export class DocumentQuery extends PipelineRemovalQuery {
  @ApiPropertyOptional({ enum: YES_NO, default: 'false', description: 'Only says what would be done, rules and all' })
  @IsIn(YES_NO)
  dryRun: YesNo = 'false';

  @ApiPropertyOptional({
    enum: YES_NO,
    default: 'false',
    description:
      'Pipelines, mappings and alarm rules that the document does not name are removed; pipelines have to be stopped',
  })
  @IsIn(YES_NO)
  prune: YesNo = 'false';

  @ApiPropertyOptional({ enum: [CONFIRMATION], description: 'Needed when it switches dryRun of a pipeline off' })
  @MayBeAbsent()
  @IsIn([CONFIRMATION])
  confirm?: typeof CONFIRMATION;
}

export const STEP_ACTIONS = ['create', 'change', 'delete'] as const;
export const STEP_OBJECTS = ['channel', 'pipeline', 'mapping', 'alarmRule'] as const;

export class DocumentStepDto {
  @ApiProperty({ enum: STEP_ACTIONS })
  action!: (typeof STEP_ACTIONS)[number];

  @ApiProperty({ enum: STEP_OBJECTS })
  object!: (typeof STEP_OBJECTS)[number];

  @ApiProperty({ example: 'shop.orders → shop' })
  name!: string;

  @ApiPropertyOptional({ description: 'Of a mapping: the pipeline that it belongs to' })
  pipeline?: string;

  @ApiProperty({ description: 'Nothing is removed without prune=true' })
  isLeftOut!: boolean;

  @ApiProperty({ type: [DifferenceDto], description: 'What a change changes; empty otherwise' })
  differences!: Difference[];
}

export class DocumentPlanDto {
  @ApiProperty({ description: 'Nothing was changed: this is what would be' })
  dryRun!: boolean;

  @ApiProperty({ type: [DocumentStepDto], description: 'Empty when everything is as the document says' })
  steps!: DocumentStepDto[];
}
