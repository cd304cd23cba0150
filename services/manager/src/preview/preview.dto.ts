import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { JsonImage } from '@lutra/sql';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { MappingCreateDto } from '../mappings/mapping.dto.ts';
import { PreCheckFindingDto } from '../pre-check/pre-check.dto.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';

const COLUMNS_MAX = 4_096;
const TYPE_CHARS_MAX = 10_000;
const GTID_CHARS_MAX = 64;
export const ROWS_MAX = 100;
const KINDS = ['insert', 'update', 'delete'] as const;
const IMAGE =
  'By column name. Text, null and numbers as they are; {"integer": "…"} for 64 bits, {"bytes": "…"} in base64; decimals, ' +
  'dates and times as text. A column that is not there is one that the log does not carry';

export class SampleColumnDto {
  @ApiProperty({ example: 'price' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  name!: string;

  @ApiProperty({ description: 'As a CREATE TABLE names it', example: 'decimal(12,2)' })
  @IsString()
  @Length(1, TYPE_CHARS_MAX)
  type!: string;

  @ApiPropertyOptional({ description: 'Default: true' })
  @MayBeAbsent()
  @IsBoolean()
  nullable?: boolean;
}

export class SampleRowDto {
  @ApiProperty({ enum: KINDS })
  @IsIn(KINDS)
  kind!: (typeof KINDS)[number];

  @ApiPropertyOptional({ type: Object, description: `Of an update and a delete. ${IMAGE}` })
  @MayBeAbsent()
  @IsObject()
  before?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Object, description: `Of an insert and an update. ${IMAGE}` })
  @MayBeAbsent()
  @IsObject()
  after?: Record<string, unknown>;

  @ApiPropertyOptional({ description: "What rules may ask for. Default: ''" })
  @MayBeAbsent()
  @IsString()
  @MaxLength(GTID_CHARS_MAX)
  gtid?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Default: now' })
  @MayBeAbsent()
  @IsTime()
  commitAt?: string;
}

/** Rows of one table of the source. */
export class SampleDto {
  @ApiProperty({ example: 'shop' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  schema!: string;

  @ApiProperty({ example: 'orders' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  table!: string;

  @ApiPropertyOptional({
    type: [SampleColumnDto],
    description: 'What the table looks like. Default: as it is at the source now, which is asked',
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(COLUMNS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => SampleColumnDto)
  columns?: SampleColumnDto[];

  @ApiPropertyOptional({ type: [String], description: 'Only with columns: its primary key' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(16)
  @IsString({ each: true })
  @Length(1, NAME_CHARS_MAX, { each: true })
  primaryKey?: string[];

  @ApiProperty({ type: [SampleRowDto] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(ROWS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => SampleRowDto)
  rows!: SampleRowDto[];
}

export class PreviewRequestDto {
  @ApiProperty({ description: 'Whose source and target are asked' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  pipelineId!: string;

  @ApiPropertyOptional({
    type: MappingCreateDto,
    description: 'As it would be created. With mappingId: as that one would be after the change',
  })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => MappingCreateDto)
  mapping?: MappingCreateDto;

  @ApiPropertyOptional({ description: 'One that is there. With neither this nor mapping: all of the pipeline' })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  mappingId?: string;

  @ApiPropertyOptional({ type: SampleDto, description: 'Either this or last' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => SampleDto)
  sample?: SampleDto;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: ROWS_MAX,
    description: "Either this or sample: so many of the newest rows in the source's log that a mapping covers",
    example: 10,
  })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(ROWS_MAX)
  last?: number;
}

export class PreviewMisfitDto {
  @ApiProperty()
  mappingId!: string;

  @ApiProperty()
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ example: 'MAPPING_COLUMN_UNKNOWN' })
  code!: string;

  @ApiProperty({ example: 'Mapping M names the column status, which shop.orders does not have' })
  detail!: string;

  @ApiProperty({ type: Object, description: 'Names and numbers of the case, such as field and position' })
  details!: Readonly<Record<string, unknown>>;
}

export class PreviewColumnDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ example: 'decimal(12,2)', description: 'That its values have' })
  type!: string;
}

export class PreviewTableDto {
  @ApiProperty()
  mappingId!: string;

  @ApiProperty({ example: 'shop.orders', description: 'At the source' })
  source!: string;

  @ApiProperty({ description: 'At the target' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ type: [PreviewColumnDto], description: 'What its rows carry' })
  columns!: readonly PreviewColumnDto[];

  @ApiProperty({ type: Boolean, nullable: true, description: 'Whether the table is there; null = not known' })
  isThere!: boolean | null;

  @ApiProperty({
    type: [PreCheckFindingDto],
    description: 'Its columns against those of the target, as the pre-check has it',
  })
  findings!: readonly PreCheckFindingDto[];
}

export class PreviewChangeDto {
  @ApiProperty({ description: 'At the target' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ enum: KINDS })
  kind!: (typeof KINDS)[number];

  @ApiProperty({ type: Object, nullable: true, description: IMAGE })
  before!: JsonImage | null;

  @ApiProperty({ type: Object, nullable: true, description: IMAGE })
  after!: JsonImage | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What load sends for this row alone; null = it cannot be said, see problem. Nothing was sent',
    example: "INSERT INTO `shop`.`orders` (`id`,`price`) VALUES (1,'9.50')",
  })
  sql!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why load would refuse it, or why there is no statement' })
  problem!: string | null;
}

const OUTCOMES = ['mapped', 'dropped', 'refused', 'notTried'] as const;

export class PreviewResultDto {
  @ApiProperty()
  mappingId!: string;

  @ApiProperty({
    enum: OUTCOMES,
    description:
      'mapped: see changes. dropped: nothing is written. refused: the row meets the poison policy. notTried: time was up',
  })
  outcome!: (typeof OUTCOMES)[number];

  @ApiProperty({ type: String, nullable: true, example: 'ROW_VALUE_UNKNOWN', description: 'Of a refused row' })
  code!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why it is dropped, refused or was not tried' })
  reason!: string | null;

  @ApiProperty({ type: [PreviewChangeDto] })
  changes!: readonly PreviewChangeDto[];

  @ApiProperty({ type: [String], description: 'What a script has written to its console' })
  console!: readonly string[];
}

export class PreviewRowDto {
  @ApiProperty()
  gtid!: string;

  @ApiProperty({ format: 'date-time' })
  commitAt!: string;

  @ApiProperty({ description: 'Number of the rows event in its transaction; of sample rows 0' })
  event!: number;

  @ApiProperty({ description: 'Number of the row in its event; of sample rows in the sample' })
  row!: number;

  @ApiProperty({ description: 'At the source' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ enum: KINDS })
  kind!: (typeof KINDS)[number];

  @ApiProperty({ type: Object, nullable: true, description: IMAGE })
  before!: JsonImage | null;

  @ApiProperty({ type: Object, nullable: true, description: IMAGE })
  after!: JsonImage | null;

  @ApiProperty({
    type: [PreviewResultDto],
    description: 'One for each mapping that covers the table; empty = none does',
  })
  results!: readonly PreviewResultDto[];
}

export class PreviewDto {
  @ApiProperty({ type: [PreviewRowDto], description: 'Oldest first' })
  rows!: readonly PreviewRowDto[];

  @ApiProperty({ type: [PreviewTableDto] })
  tables!: readonly PreviewTableDto[];

  @ApiProperty({
    type: [PreviewMisfitDto],
    description: 'Mappings that do not fit a table: its first row stops the pipeline',
  })
  misfits!: readonly PreviewMisfitDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Why the target was not compared; null = it was' })
  targetProblem!: string | null;

  @ApiProperty({ description: 'False: time was up before the end of the log was reached; there are newer rows' })
  isComplete!: boolean;
}
