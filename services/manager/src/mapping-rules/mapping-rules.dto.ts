import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import type { Explode, RuleValue } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';
import { AggregateRuleDto } from './aggregate-rule.dto.ts';
import { ColumnRuleDto, EXPRESSION_CHARS_MAX } from './column-rule.dto.ts';
import { LookupRuleDto } from './lookup-rule.dto.ts';
import { IsColumnGroup, IsRuleValue, RuleValueProperty } from './field-checks.ts';
import { ProcessorRuleDto } from './processor-rule.dto.ts';

const SEPARATOR_CHARS_MAX = 64;
/** A table of InnoDB has at most 1017 columns. */
const COLUMNS_MAX = 1_017;
const TABLES_MAX = 1_000;
const GROUPS_MAX = 100;
const LOOKUPS_MAX = 16;
const PROCESSORS_MAX = 10;
const TYPE_CHARS_MAX = 200;
const SCRIPT_CHARS_MAX = 60_000;
const SCRIPT_MS_MAX = 10_000;
const MIB = 1_048_576;
const [SCRIPT_BYTES_MIN, SCRIPT_BYTES_MAX] = [MIB, 128 * MIB];
/** What a script may use for one row unless it is told otherwise. */
export const SCRIPT_MS = 1_000;
export const SCRIPT_BYTES = 32 * MIB;

const CHANGES = ['insert', 'update', 'delete'] as const;
const WAYS = ['json', 'delimiter'] as const satisfies readonly Explode['by']['kind'][];

export class SoftDeleteDto {
  @ApiProperty({ description: 'At the target' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  column!: string;

  @RuleValueProperty('What the column holds when the row is gone at the source')
  @IsRuleValue()
  deleted!: RuleValue;

  @RuleValueProperty('What it holds as long as the row is there')
  @IsRuleValue()
  present!: RuleValue;
}

export class ExplodeByDto {
  @ApiProperty({ enum: WAYS, description: 'json: the elements of an array. delimiter: the parts of a text' })
  @IsIn(WAYS)
  kind!: Explode['by']['kind'];

  @ApiPropertyOptional({ description: 'Only with delimiter, and needed there', example: ',' })
  @MayBeAbsent()
  @IsString()
  @Length(1, SEPARATOR_CHARS_MAX)
  separator?: string;
}

export class ExplodeDto {
  @ApiProperty({ description: 'Of the source', example: 'tags' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  column!: string;

  @ApiProperty({ type: ExplodeByDto })
  @IsObject()
  @ValidateNested()
  @Type(() => ExplodeByDto)
  by!: ExplodeByDto;

  @ApiProperty({ description: 'Column at the target that holds the element', example: 'tag' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  as!: string;

  @ApiPropertyOptional({ description: 'Column at the target that holds its number, from 0' })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  positionAs?: string;
}

export class RowRulesDto {
  @ApiPropertyOptional({
    description:
      'An expression of type bool over a row: exactly the rows that it accepts stand at the target. A row that enters is ' +
      'inserted, one that leaves is deleted. before.x and after.x are the columns of both images of the change',
    example: 'status == 1',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, EXPRESSION_CHARS_MAX)
  filter?: string;

  @ApiPropertyOptional({ enum: CHANGES, isArray: true, description: 'Kinds of changes that are left out' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(CHANGES.length)
  @ArrayUnique()
  @IsIn(CHANGES, { each: true })
  leaveOut?: (typeof CHANGES)[number][];

  @ApiPropertyOptional({ type: SoftDeleteDto, description: 'A row that is deleted stays at the target and is flagged' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => SoftDeleteDto)
  softDelete?: SoftDeleteDto;

  @ApiPropertyOptional({ type: ExplodeDto, description: 'One row becomes one for each element of a column' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ExplodeDto)
  explode?: ExplodeDto;
}

export class RouteDto {
  @ApiProperty({ description: "Gives the name of the row's table", example: "'orders_' + region" })
  @IsString()
  @Length(1, EXPRESSION_CHARS_MAX)
  expression!: string;

  @ApiProperty({ type: [String], description: 'All names that there may be; another one is an error of the row' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(TABLES_MAX)
  @IsString({ each: true })
  @Length(1, NAME_CHARS_MAX, { each: true })
  tables!: string[];
}

export class ScriptColumnDto {
  @ApiProperty()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  name!: string;

  @ApiProperty({ description: 'As a CREATE TABLE names it', example: 'varchar(20)' })
  @IsString()
  @Length(1, TYPE_CHARS_MAX)
  type!: string;
}

export class ScriptRuleDto {
  @ApiProperty({
    description: 'JavaScript with a function transform(row, context)',
    example: 'function transform(row) { row.city = row.city.trim(); return row; }',
  })
  @IsString()
  @Length(1, SCRIPT_CHARS_MAX)
  source!: string;

  @ApiPropertyOptional({ type: [ScriptColumnDto], description: 'Columns that it gives beside those that there are' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(COLUMNS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ScriptColumnDto)
  columns?: ScriptColumnDto[];

  @ApiPropertyOptional({ description: `Milliseconds for one row. Default: ${String(SCRIPT_MS)}` })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(SCRIPT_MS_MAX)
  timeMs?: number;

  @ApiPropertyOptional({ description: `Bytes for one row. Default: ${String(SCRIPT_BYTES)}` })
  @MayBeAbsent()
  @IsInt()
  @Min(SCRIPT_BYTES_MIN)
  @Max(SCRIPT_BYTES_MAX)
  memoryBytes?: number;
}

export class MappingRulesDto {
  @ApiPropertyOptional({ type: [LookupRuleDto], description: 'Other tables whose columns the rules may use' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(LOOKUPS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => LookupRuleDto)
  lookups?: LookupRuleDto[];

  @ApiPropertyOptional({ type: RowRulesDto, description: 'Which rows are taken, and what they become' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => RowRulesDto)
  rows?: RowRulesDto;

  @ApiPropertyOptional({ type: [ColumnRuleDto], description: 'Columns that are computed, beside those that are taken' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(COLUMNS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ColumnRuleDto)
  columns?: ColumnRuleDto[];

  @ApiPropertyOptional({ type: ScriptRuleDto, description: 'Makes of a row none, one or several' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ScriptRuleDto)
  script?: ScriptRuleDto;

  @ApiPropertyOptional({ type: [ProcessorRuleDto], description: 'Packages that change rows, one behind the other' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(PROCESSORS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ProcessorRuleDto)
  processors?: ProcessorRuleDto[];

  @ApiPropertyOptional({ type: RouteDto, description: 'Which of several tables of the target schema a row goes to' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => RouteDto)
  route?: RouteDto;

  @ApiPropertyOptional({
    type: AggregateRuleDto,
    description: 'Rows are counted and summed by groups instead of copied',
  })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => AggregateRuleDto)
  aggregate?: AggregateRuleDto;

  @ApiPropertyOptional({
    ...{ type: 'array', items: { type: 'array', items: { type: 'string', minLength: 1, maxLength: NAME_CHARS_MAX } } },
    description: 'Groups of columns of the source: when one of a group changes, all of it are written',
    example: [['street', 'city']],
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(GROUPS_MAX)
  @IsColumnGroup({ each: true })
  columnGroups?: string[][];
}
