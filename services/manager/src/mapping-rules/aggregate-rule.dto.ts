import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsObject, IsString, Length, ValidateNested } from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';
import { EXPRESSION_CHARS_MAX } from './column-rule.dto.ts';

/** A key of InnoDB has at most 16 columns. */
const GROUP_BY_MAX = 16;
const VALUES_MAX = 100;
const AGGREGATE_FUNCTIONS = ['sum', 'count', 'min', 'max'] as const;

export class GroupColumnDto {
  @ApiProperty({ description: 'Rows with the same value are one group; never null', example: 'region' })
  @IsString()
  @Length(1, EXPRESSION_CHARS_MAX)
  expression!: string;

  @ApiProperty({ description: 'Column at the target; all of them are its primary key', example: 'region' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  target!: string;
}

export class AggregateValueDto {
  @ApiProperty({
    enum: AGGREGATE_FUNCTIONS,
    description:
      'sum: of integers or decimals, 0 where all are null. count: of the rows whose value is not null. min, max: null where all are',
  })
  @IsIn(AGGREGATE_FUNCTIONS)
  function!: (typeof AGGREGATE_FUNCTIONS)[number];

  @ApiProperty({ example: 'amount' })
  @IsString()
  @Length(1, EXPRESSION_CHARS_MAX)
  expression!: string;

  @ApiProperty({ description: 'Column at the target', example: 'amount' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  target!: string;
}

export class AggregateRuleDto {
  @ApiProperty({ type: [GroupColumnDto] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(GROUP_BY_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => GroupColumnDto)
  groupBy!: GroupColumnDto[];

  @ApiProperty({ description: 'Column at the target that counts the rows of a group', example: 'row_count' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  count!: string;

  @ApiPropertyOptional({ type: [AggregateValueDto], description: 'Beside the count. Default: none' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(VALUES_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => AggregateValueDto)
  values?: AggregateValueDto[];
}
