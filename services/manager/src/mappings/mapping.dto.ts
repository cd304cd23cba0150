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
import type { ColumnSelection, ConflictPolicy, MappingDefinition } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';
import { MappingRulesDto } from '../mapping-rules/mapping-rules.dto.ts';
import type { GivenRules } from '../mapping-rules/read-rules.ts';
import { NAME_CHARS_MAX, RANGE_CHARS_MAX, REGEX_CHARS_MAX } from '../values/name-limits.ts';
import { ConflictPolicyDto } from './conflict-policy.dto.ts';
import type { StoredSource } from './mapping.entity.ts';
import { GIVEN_SCHEMA, IsGivenSchema } from './schema-pattern.ts';
import type { GivenSchema } from './schema-pattern.ts';

/** A table of InnoDB has at most 1017 columns; one of them may feed several at the target. */
const COLUMNS_MAX = 4_096;
/** Tables are ordered by it, nothing more. */
const WEIGHT_MAX = 32_767;

export class NamePatternDto {
  @ApiPropertyOptional({ example: 'orders', description: 'The table with this name' })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  exact?: string;

  @ApiPropertyOptional({
    example: 'orders_(\\d+)',
    description:
      'All tables whose whole name matches, but not those that online schema changes of them make (_t_gho, _t_ghc, _t_del, ' +
      '_t_new, _t_old): an ordinary table of such a name needs a mapping with its exact name',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, REGEX_CHARS_MAX)
  regex?: string;

  @ApiPropertyOptional({
    example: 'orders_[0001-0128]',
    description: 'The tables with a running number, both ends included; filled up with zeros where the first number is',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, RANGE_CHARS_MAX)
  range?: string;
}

export class MappingSourceDto {
  @ApiProperty(GIVEN_SCHEMA)
  @IsGivenSchema()
  schema!: GivenSchema;

  @ApiProperty({ type: NamePatternDto, description: 'Either exact, regex or range' })
  @IsObject()
  @ValidateNested()
  @Type(() => NamePatternDto)
  table!: NamePatternDto;
}

export class MappingTargetDto {
  @ApiProperty({
    example: 'shop',
    description:
      '$s1…$s9 are the groups of a regex schema, $s1 the number of a range, $s0 the whole name; a range of as many schemas ' +
      'takes those of the source one by one',
  })
  @IsString()
  @Length(1, RANGE_CHARS_MAX)
  schema!: string;

  @ApiPropertyOptional({
    description:
      "Left out = the source's name; $1…$9 are the groups of a regex table, $1 the number of a range, $s0…$s9 those of the schema; " +
      'a range of as many tables takes those of the source one by one. A name without groups brings all tables into one',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, RANGE_CHARS_MAX)
  table?: string;
}

export class ColumnMappingDto {
  @ApiProperty()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  source!: string;

  @ApiProperty()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  target!: string;
}

const MODES: readonly ColumnSelection['mode'][] = ['all', 'list', 'except'];

export class ColumnSelectionDto {
  @ApiProperty({ enum: MODES })
  @IsIn(MODES)
  mode!: ColumnSelection['mode'];

  @ApiPropertyOptional({ type: [ColumnMappingDto], description: "Only with mode 'list'" })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(COLUMNS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ColumnMappingDto)
  columns?: ColumnMappingDto[];

  @ApiPropertyOptional({ type: [String], description: "Only with mode 'except': columns of the source that stay out" })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(COLUMNS_MAX)
  @IsString({ each: true })
  @Length(1, NAME_CHARS_MAX, { each: true })
  names?: string[];

  @ApiPropertyOptional({
    type: [ColumnMappingDto],
    description: "Only with mode 'except': columns that have another name at the target",
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(COLUMNS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ColumnMappingDto)
  renames?: ColumnMappingDto[];
}

export class MappingCreateDto {
  @ApiProperty({ type: MappingSourceDto })
  @IsObject()
  @ValidateNested()
  @Type(() => MappingSourceDto)
  source!: MappingSourceDto;

  @ApiProperty({ type: MappingTargetDto })
  @IsObject()
  @ValidateNested()
  @Type(() => MappingTargetDto)
  target!: MappingTargetDto;

  @ApiPropertyOptional({ type: ColumnSelectionDto, description: "Default: {mode: 'all'}" })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ColumnSelectionDto)
  columns?: ColumnSelectionDto;

  @ApiPropertyOptional({
    type: ConflictPolicyDto,
    description: "When a row at the target is not as the source says. Default: {kind: 'overwrite'}",
  })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ConflictPolicyDto)
  onConflict?: ConflictPolicyDto;

  @ApiPropertyOptional({
    minimum: -WEIGHT_MAX,
    maximum: WEIGHT_MAX,
    description: 'Tables of a smaller weight are written first, where order between rows is free. Default: 0',
  })
  @MayBeAbsent()
  @IsInt()
  @Min(-WEIGHT_MAX)
  @Max(WEIGHT_MAX)
  weight?: number;

  @ApiPropertyOptional({
    type: MappingRulesDto,
    description: 'What becomes of rows and values beyond their names. Default: nothing',
  })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => MappingRulesDto)
  rules?: MappingRulesDto;
}

export class MappingPatchDto {
  @ApiPropertyOptional({ type: MappingSourceDto })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => MappingSourceDto)
  source?: MappingSourceDto;

  @ApiPropertyOptional({ type: MappingTargetDto })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => MappingTargetDto)
  target?: MappingTargetDto;

  @ApiPropertyOptional({ type: ColumnSelectionDto })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ColumnSelectionDto)
  columns?: ColumnSelectionDto;

  @ApiPropertyOptional({ type: ConflictPolicyDto, description: 'Replaces the policy as a whole' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ConflictPolicyDto)
  onConflict?: ConflictPolicyDto;

  @ApiPropertyOptional({
    minimum: -WEIGHT_MAX,
    maximum: WEIGHT_MAX,
    description: 'Tables of a smaller weight are written first, where order between rows is free.',
  })
  @MayBeAbsent()
  @IsInt()
  @Min(-WEIGHT_MAX)
  @Max(WEIGHT_MAX)
  weight?: number;

  @ApiPropertyOptional({
    type: MappingRulesDto,
    description: 'Replaces the rules as a whole, {} takes them away; masking keys that are left out stay',
  })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => MappingRulesDto)
  rules?: MappingRulesDto;
}

export class MappingDto extends ResourceDto {
  @ApiProperty()
  pipelineId!: string;

  @ApiProperty({ type: MappingSourceDto })
  source!: StoredSource;

  @ApiProperty({ type: MappingTargetDto })
  target!: MappingDefinition['target'];

  @ApiProperty({ type: ColumnSelectionDto })
  columns!: ColumnSelection;

  @ApiProperty({ type: ConflictPolicyDto })
  onConflict!: ConflictPolicy;

  @ApiProperty()
  weight!: number;

  @ApiPropertyOptional({ type: MappingRulesDto, description: 'Left out when there are none' })
  rules?: GivenRules;
}

export class MappingListDto {
  @ApiProperty({ type: [MappingDto] })
  items!: MappingDto[];

  @ApiProperty()
  total!: number;
}
