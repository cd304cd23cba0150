import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
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
import { LOSS_POLICIES, ROW_FACTS } from '@lutra/model';
import type { ColumnOrigin, ColumnStep, LossPolicy, RowFact, RuleValue } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';
import {
  IsMaskingKey,
  IsRuleValue,
  MASKING_KEY,
  RuleValueProperty,
  RuleValuePropertyOptional,
} from './field-checks.ts';
import type { GivenKey } from './field-checks.ts';

export const EXPRESSION_CHARS_MAX = 4_000;
const CONCAT_MAX = 100;
const SEPARATOR_CHARS_MAX = 64;
const ENTRIES_MAX = 1_000;
const STEPS_MAX = 16;
const TYPE_CHARS_MAX = 200;
const FORMAT_CHARS_MAX = 100;
const PATH_CHARS_MAX = 500;
/** SHA-256 in hexadecimal digits; fewer than these would make different values equal. */
const [HASH_CHARS_MIN, HASH_CHARS_MAX] = [8, 64];
const KEPT_CHARS_MAX = 1_000;
const MASK_CHARS_MAX = 8;
const PARTS_MAX = 1_000;

const ORIGINS = [
  'column',
  'constant',
  'expression',
  'concat',
  'lookup',
  'fact',
] as const satisfies readonly ColumnOrigin['kind'][];
const STEPS = ['default', 'map', 'convert', 'hash', 'token', 'partial', 'json', 'split'] as const;
const WHENS = ['null', 'missing', 'both'] as const;
const OTHERWISES = ['keep', 'fail', 'value'] as const;

export class ColumnOriginDto {
  @ApiProperty({
    enum: ORIGINS,
    description:
      'column: a column of the source. constant: the same in every row. expression: computed. concat: the texts of ' +
      'columns, one after the other. lookup: a column of a look-up. fact: something known of the row beside its columns',
  })
  @IsIn(ORIGINS)
  kind!: (typeof ORIGINS)[number];

  @ApiPropertyOptional({
    description: 'Only with column and lookup, and needed there: of the source, or of the look-up',
    example: 'status',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  column?: string;

  @RuleValuePropertyOptional('Only with constant, and needed there')
  @MayBeAbsent()
  @IsRuleValue()
  value?: RuleValue;

  @ApiPropertyOptional({ description: 'Only with expression, and needed there', example: 'price * 1.19' })
  @MayBeAbsent()
  @IsString()
  @Length(1, EXPRESSION_CHARS_MAX)
  expression?: string;

  @ApiPropertyOptional({ type: [String], description: 'Only with concat, and needed there: columns of the source' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(CONCAT_MAX)
  @IsString({ each: true })
  @Length(1, NAME_CHARS_MAX, { each: true })
  columns?: string[];

  @ApiPropertyOptional({ description: "Only with concat: what stands between. Default: ''", example: ' ' })
  @MayBeAbsent()
  @IsString()
  @Length(0, SEPARATOR_CHARS_MAX)
  separator?: string;

  @ApiPropertyOptional({ description: 'Only with lookup, and needed there: its name', example: 'customer' })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  lookup?: string;

  @ApiPropertyOptional({ enum: ROW_FACTS, description: 'Only with fact, and needed there' })
  @MayBeAbsent()
  @IsIn(ROW_FACTS)
  fact?: RowFact;
}

export class MapEntryDto {
  @RuleValueProperty('The value at the source')
  @IsRuleValue()
  from!: RuleValue;

  @RuleValueProperty('What becomes of it')
  @IsRuleValue()
  to!: RuleValue;
}

export class MapOtherwiseDto {
  @ApiProperty({ enum: OTHERWISES, description: 'keep: as it is. fail: the row meets the poison policy. value: this' })
  @IsIn(OTHERWISES)
  kind!: (typeof OTHERWISES)[number];

  @RuleValuePropertyOptional('Only with value, and needed there')
  @MayBeAbsent()
  @IsRuleValue()
  value?: RuleValue;
}

export class ColumnStepDto {
  @ApiProperty({
    enum: STEPS,
    description:
      'default: instead of a value that is not there. map: one value for another. convert: to another type. hash, token: ' +
      'masked under a key. partial: some characters hidden. json: a value out of a document. split: one part of a text',
  })
  @IsIn(STEPS)
  kind!: ColumnStep['kind'];

  @RuleValuePropertyOptional('Only with default, and needed there')
  @MayBeAbsent()
  @IsRuleValue()
  value?: RuleValue;

  @ApiPropertyOptional({
    enum: WHENS,
    description:
      "Only with default: instead of null, of a value that the row's image does not carry, or of both. Default: null",
  })
  @MayBeAbsent()
  @IsIn(WHENS)
  when?: (typeof WHENS)[number];

  @ApiPropertyOptional({ type: [MapEntryDto], description: 'Only with map, and needed there' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(ENTRIES_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => MapEntryDto)
  entries?: MapEntryDto[];

  @ApiPropertyOptional({
    type: MapOtherwiseDto,
    description: "Only with map: a value that is not among the entries. Default: {kind: 'fail'}",
  })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => MapOtherwiseDto)
  otherwise?: MapOtherwiseDto;

  @ApiPropertyOptional({
    description: 'Only with convert, and needed there: as a CREATE TABLE names it',
    example: 'decimal(12,2)',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, TYPE_CHARS_MAX)
  type?: string;

  @ApiPropertyOptional({
    enum: LOSS_POLICIES,
    description:
      'Only with convert: what becomes of a value that the type cannot hold. fail: the row meets the poison policy. ' +
      'clamp: the nearest that it can. truncate: cut off. null: NULL. Default: fail',
  })
  @MayBeAbsent()
  @IsIn(LOSS_POLICIES)
  onLoss?: LossPolicy;

  @ApiPropertyOptional({
    description: 'Only with convert: how a date or time is written as text',
    example: 'yyyy-MM-dd HH:mm:ss',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, FORMAT_CHARS_MAX)
  format?: string;

  @ApiPropertyOptional({
    description: 'Only with convert: time zone of values without one, where they become or come from moments',
    example: 'Europe/Berlin',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, FORMAT_CHARS_MAX)
  zone?: string;

  @ApiPropertyOptional({ description: 'Only with convert: of bytes that become or come from text', example: 'latin1' })
  @MayBeAbsent()
  @IsString()
  @Length(1, FORMAT_CHARS_MAX)
  charset?: string;

  @ApiPropertyOptional(MASKING_KEY)
  @MayBeAbsent()
  @IsMaskingKey()
  key?: GivenKey;

  @ApiPropertyOptional({ description: 'Only with hash: hexadecimal digits that are kept. Default: all 64' })
  @MayBeAbsent()
  @IsInt()
  @Min(HASH_CHARS_MIN)
  @Max(HASH_CHARS_MAX)
  length?: number;

  @ApiPropertyOptional({ description: 'Only with partial: characters at the beginning that stay. Default: 0' })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(KEPT_CHARS_MAX)
  keepStart?: number;

  @ApiPropertyOptional({ description: 'Only with partial: characters at the end that stay. Default: 0' })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(KEPT_CHARS_MAX)
  keepEnd?: number;

  @ApiPropertyOptional({ description: "Only with partial: stands for each of the others. Default: '*'", example: '*' })
  @MayBeAbsent()
  @IsString()
  @Length(1, MASK_CHARS_MAX)
  with?: string;

  @ApiPropertyOptional({ description: 'Only with json, and needed there', example: '$.address.city' })
  @MayBeAbsent()
  @IsString()
  @Length(1, PATH_CHARS_MAX)
  path?: string;

  @ApiPropertyOptional({ description: 'Only with split, and needed there', example: ',' })
  @MayBeAbsent()
  @IsString()
  @Length(1, SEPARATOR_CHARS_MAX)
  separator?: string;

  @ApiPropertyOptional({ description: 'Only with split, and needed there: from 0, or from the end with -1' })
  @MayBeAbsent()
  @IsInt()
  @Min(-PARTS_MAX)
  @Max(PARTS_MAX)
  index?: number;
}

export class ColumnRuleDto {
  @ApiProperty({ description: 'At the target; one that the selection takes under this name is replaced' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  target!: string;

  @ApiProperty({ type: ColumnOriginDto })
  @IsObject()
  @ValidateNested()
  @Type(() => ColumnOriginDto)
  from!: ColumnOriginDto;

  @ApiPropertyOptional({ type: [ColumnStepDto], description: 'What is done with the value, in this order' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(STEPS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ColumnStepDto)
  steps?: ColumnStepDto[];
}
