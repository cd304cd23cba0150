import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, MaxLength } from 'class-validator';
import { PageQuery } from '../http/list-query.dto.ts';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';

const SORTS = ['createdAt', '-createdAt'] as const;

/** Page, filter and order of what targets keep. */
export class TargetListQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only of this pipeline; left out = all targets are asked' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 64)
  pipelineId?: string;

  @ApiPropertyOptional({ description: 'Schema at the target' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(64)
  schema?: string;

  @ApiPropertyOptional({ description: 'Table at the target, without its schema' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(64)
  table?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Put there at this time or later' })
  @MayBeAbsent()
  @IsTime()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Put there before this time' })
  @MayBeAbsent()
  @IsTime()
  to?: string;

  @ApiPropertyOptional({ enum: SORTS, default: '-createdAt' })
  @IsIn(SORTS)
  sort: (typeof SORTS)[number] = '-createdAt';
}

/** What is settled or only a record, and old enough to go. */
export class TargetRemovalQuery {
  @ApiProperty()
  @IsString()
  @Length(1, 64)
  pipelineId!: string;

  @ApiProperty({ format: 'date-time' })
  @IsTime()
  before!: string;
}

/** What was removed, or decided, by one request, which takes no longer than a few seconds. */
export class TargetChangeDto {
  @ApiProperty()
  count!: number;

  @ApiProperty({ description: 'There is more of it: send the request again' })
  isMore!: boolean;
}

/** A target that could not be asked: what it keeps is not in the answer. */
export class UnavailableTargetDto {
  @ApiProperty({ description: 'Data source' })
  targetId!: string;

  @ApiProperty({ example: 'TARGET_UNREACHABLE' })
  code!: string;

  @ApiProperty()
  detail!: string;
}
