import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsObject, IsString, Length, MaxLength, ValidateNested } from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { MappingCreateDto } from '../mappings/mapping.dto.ts';
import { MAPPINGS_MAX } from '../mappings/mapping.service.ts';
import { ParametersDto } from '../pipelines/parameters.dto.ts';
import { CONFIRMATION } from '../pipelines/pipeline.dto.ts';
import { StartDto } from '../pipelines/start.dto.ts';
import type { Difference } from '../revisions/structural-diff.ts';
import { DifferenceDto } from '../revisions/revision.dto.ts';
import { DOCUMENT_FORMAT } from './channel-document.ts';

const PIPELINES_MAX = 1_000;

export class DocumentChannelDto {
  @ApiProperty({ description: 'The one of the address' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiPropertyOptional({ maxLength: 1000 })
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  description?: string;
}

export class DocumentPipelineDto {
  @ApiProperty({ description: 'What a pipeline is found by: another name is another pipeline' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ description: 'Name of the data source that is read' })
  @IsString()
  @Length(1, 100)
  source!: string;

  @ApiProperty({ description: 'Name of the data source that is written' })
  @IsString()
  @Length(1, 100)
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
}

const YES_NO = ['true', 'false'] as const;
type YesNo = (typeof YES_NO)[number];

export class DocumentQuery {
  @ApiPropertyOptional({ enum: YES_NO, default: 'false', description: 'Only says what would be done, rules and all' })
  @IsIn(YES_NO)
  dryRun: YesNo = 'false';

  @ApiPropertyOptional({
    enum: YES_NO,
    default: 'false',
    description: 'Pipelines and mappings that the document does not name are removed; pipelines have to be stopped',
  })
  @IsIn(YES_NO)
  prune: YesNo = 'false';

  @ApiPropertyOptional({ enum: [CONFIRMATION], description: 'Needed when it switches dryRun of a pipeline off' })
  @MayBeAbsent()
  @IsIn([CONFIRMATION])
  confirm?: typeof CONFIRMATION;
}

export const STEP_ACTIONS = ['create', 'change', 'delete'] as const;
export const STEP_OBJECTS = ['channel', 'pipeline', 'mapping'] as const;

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
