import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsObject, IsString, Length, MaxLength, ValidateNested } from 'class-validator';
import type { PipelineParameters, StartDefinition } from '@lutra/model';
import { IsName } from '../http/is-name.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import { YES_NO } from '../http/yes-no.ts';
import type { YesNo } from '../http/yes-no.ts';
import { ResourceDto } from '../http/resource.dto.ts';
import { MappingDto } from '../mappings/mapping.dto.ts';
import { ParameterEffectDto } from './parameter.dto.ts';
import { ParametersDto } from './parameters.dto.ts';
import { StartDto } from './start.dto.ts';

export class PipelineCreateDto {
  @ApiProperty()
  @IsString()
  @Length(1, 26)
  channelId!: string;

  @ApiProperty({ example: 'berlin-to-lisbon' })
  @IsName()
  name!: string;

  @ApiProperty({ description: 'Data source that is read' })
  @IsString()
  @Length(1, 26)
  sourceId!: string;

  @ApiProperty({ description: 'Data source that is written' })
  @IsString()
  @Length(1, 26)
  targetId!: string;

  @ApiPropertyOptional({ type: ParametersDto })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ParametersDto)
  parameters?: ParametersDto;

  @ApiPropertyOptional({ type: StartDto, description: "Default: {kind: 'latest'}" })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => StartDto)
  start?: StartDto;
}

/** What a person says who knows what a change sets off. */
export const CONFIRMATION = 'apply';

/** Channel, source and target of a pipeline stay what they are: another pair of databases is another pipeline. */
export class PipelinePatchDto {
  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsName()
  name?: string;

  @ApiPropertyOptional({ type: ParametersDto, description: 'Only the parameters to change' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ParametersDto)
  parameters?: ParametersDto;

  @ApiPropertyOptional({
    enum: [CONFIRMATION],
    description: 'Needed to switch dryRun off: from then on the target is written, beginning at its checkpoint',
  })
  @MayBeAbsent()
  @IsIn([CONFIRMATION])
  confirm?: typeof CONFIRMATION;

  @ApiPropertyOptional({
    type: StartDto,
    description: 'Counts only while the target has no checkpoint of this pipeline',
  })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => StartDto)
  start?: StartDto;
}

export class PipelineRemovalQuery {
  @ApiPropertyOptional({
    ...{ enum: YES_NO, default: 'false' },
    description:
      'Rows that were put aside and not decided about go with the pipeline, also when its target cannot be asked',
  })
  @IsIn(YES_NO)
  discardDeadLetters: YesNo = 'false';
}

export class PipelineListQuery extends ListQuery {
  @ApiPropertyOptional({ description: 'Only pipelines of this channel' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(26)
  channelId?: string;
}

export class PipelineDto extends ResourceDto {
  @ApiProperty()
  channelId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  sourceId!: string;

  @ApiProperty()
  targetId!: string;

  @ApiProperty({ description: 'Number of the newest published definition' })
  revision!: number;

  @ApiProperty({ type: ParametersDto })
  parameters!: PipelineParameters;

  @ApiProperty({ type: StartDto })
  start!: StartDefinition;
}

/** A pipeline that was just changed. */
export class PipelineChangedDto extends PipelineDto {
  @ApiProperty({ type: [ParameterEffectDto], description: 'From when each parameter counts that is another one now' })
  effects!: ParameterEffectDto[];
}

export class PipelineListDto {
  @ApiProperty({ type: [PipelineDto] })
  items!: PipelineDto[];

  @ApiProperty()
  total!: number;
}

/** A pipeline's definition with its mappings. */
export class PipelineDetailDto extends PipelineDto {
  @ApiProperty({ type: [MappingDto] })
  mappings!: MappingDto[];
}
