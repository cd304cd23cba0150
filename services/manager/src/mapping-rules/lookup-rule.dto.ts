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
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import type { LookupRule } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';
import { EXPRESSION_CHARS_MAX } from './column-rule.dto.ts';

/** Columns of a MySQL index. */
const KEY_COLUMNS_MAX = 16;
const COLUMNS_MAX = 100;
const DAY_MS = 86_400_000;
const ROWS_MAX = 1_000_000;
/** What is kept unless it is told otherwise. */
export const LOOKUP_TTL_MS = 60_000;
export const LOOKUP_ROWS = 10_000;

const MISSINGS = ['null', 'fail'] as const;

export class LookupKeyDto {
  @ApiProperty({ description: 'Of the other table', example: 'id' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  column!: string;

  @ApiProperty({ description: "Over the source's row: the value that the column is to have", example: 'customer_id' })
  @IsString()
  @Length(1, EXPRESSION_CHARS_MAX)
  expression!: string;
}

export class LookupRuleDto {
  @ApiProperty({ description: 'Its columns are called name.column', example: 'customer' })
  @Matches(/^[A-Za-z_]\w{0,63}$/, { message: '$property must be a name of letters, digits and _, at most 64' })
  name!: string;

  @ApiPropertyOptional({ description: "Where the other table is. Left out: the pipeline's source" })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  dataSourceId?: string;

  @ApiPropertyOptional({
    description: "Instead of dataSourceId, in a channel's document alone: the data source's name",
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  dataSource?: string;

  @ApiProperty({ example: 'shop' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  schema!: string;

  @ApiProperty({ example: 'customers' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  table!: string;

  @ApiProperty({ type: [LookupKeyDto], description: 'All of them together find one row at most' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(KEY_COLUMNS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => LookupKeyDto)
  key!: LookupKeyDto[];

  @ApiProperty({ type: [String], description: 'Of the other table', example: ['name', 'country'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(COLUMNS_MAX)
  @IsString({ each: true })
  @Length(1, NAME_CHARS_MAX, { each: true })
  columns!: string[];

  @ApiPropertyOptional({
    description: `Milliseconds that a row is kept by each instance; 0 = not at all. Default: ${String(LOOKUP_TTL_MS)}`,
  })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(DAY_MS)
  ttlMs?: number;

  @ApiPropertyOptional({ description: `Rows that each instance keeps at most. Default: ${String(LOOKUP_ROWS)}` })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(ROWS_MAX)
  rowsMax?: number;

  @ApiPropertyOptional({
    enum: MISSINGS,
    description: 'Without a row: null: the columns are NULL. fail: the row meets the poison policy. Default: fail',
  })
  @MayBeAbsent()
  @IsIn(MISSINGS)
  missing?: LookupRule['missing'];
}
