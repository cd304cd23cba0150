import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsString,
  Length,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { RESYNC_STATES } from './resync.entity.ts';
import type { ResyncState } from './resync.entity.ts';
import type { ResyncRejected } from './resync-wanted.ts';

/** A request of one piece; more rows are asked for by a range. */
const KEYS_MAX = 10_000;
const KEY_COLUMNS_MAX = 16;
const VALUE_CHARS_MAX = 4_096;
const WHERE_CHARS_MAX = 4_000;
const ROWS_PER_SECOND_MAX = 100_000;
const ROWS_PER_SECOND = 1_000;

const KEY = {
  type: 'array' as const,
  items: { type: 'string', maxLength: VALUE_CHARS_MAX },
  minItems: 1,
  maxItems: KEY_COLUMNS_MAX,
};

const isKey = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= KEY_COLUMNS_MAX &&
  value.every((part) => typeof part === 'string' && part.length <= VALUE_CHARS_MAX && part.isWellFormed());

const IsKey = (options?: { readonly each: boolean }): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isKey',
      validator: {
        validate: isKey,
        defaultMessage: () => '$property must be texts, one for each column of the primary key',
      },
    },
    options,
  );

export class ResyncRangeDto {
  @ApiProperty({ ...KEY, example: ['1'] })
  @IsKey()
  from!: string[];

  @ApiProperty({ ...KEY, example: ['100000'] })
  @IsKey()
  to!: string[];
}

export class ResyncRequestDto {
  @ApiProperty({ example: 'shop', minLength: 1, maxLength: 64 })
  @IsString()
  @Length(1, 64)
  schema!: string;

  @ApiProperty({ example: 'item', minLength: 1, maxLength: 64 })
  @IsString()
  @Length(1, 64)
  table!: string;

  @ApiPropertyOptional({
    type: 'array',
    items: KEY,
    maxItems: KEYS_MAX,
    minItems: 1,
    description:
      'Of each key the values in the order of the primary key, as texts: timestamps in UTC, bytes as 0x… A key without a row deletes the row at the target. One of keys, range and where',
    example: [['4711'], ['4712']],
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(KEYS_MAX)
  @IsKey({ each: true })
  keys?: string[][];

  @ApiPropertyOptional({ type: ResyncRangeDto, description: 'Rows between two keys, both of them included' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => ResyncRangeDto)
  range?: ResyncRangeDto;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: WHERE_CHARS_MAX,
    description: "A condition in the source's SQL over the columns of the table",
    example: "updated_at >= '2031-01-01' AND region = 'eu'",
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, WHERE_CHARS_MAX)
  where?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: ROWS_PER_SECOND_MAX, default: ROWS_PER_SECOND })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(ROWS_PER_SECOND_MAX)
  rowsPerSecond: number = ROWS_PER_SECOND;
}

export class ResyncRejectedDto implements ResyncRejected {
  @ApiProperty({ type: [String] })
  key!: string[];

  @ApiProperty()
  reason!: string;
}

export class ResyncDto {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  pipelineId!: string;

  @ApiProperty({
    enum: RESYNC_STATES,
    description: 'applying: all images stand in the log of the source, and load has not passed the last of them yet',
  })
  state!: ResyncState;

  @ApiProperty()
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({
    enum: ['keys', 'range', 'where', 'buffer'],
    description:
      'buffer: all that was written into retl.retl_buffer at the source; of what was rejected the newest 1000',
  })
  kind!: 'keys' | 'range' | 'where' | 'buffer';

  @ApiProperty({ type: 'array', items: KEY, nullable: true, description: 'As asked for; null in a list of jobs' })
  keys!: string[][] | null;

  @ApiProperty({ type: ResyncRangeDto, nullable: true })
  range!: ResyncRangeDto | null;

  @ApiProperty({ type: String, nullable: true })
  where!: string | null;

  @ApiProperty({ type: 'integer' })
  rowsPerSecond!: number;

  @ApiProperty({ type: 'integer', description: 'Keys that are done: sent, gone and rejected' })
  done!: number;

  @ApiProperty({ type: 'integer', description: 'Rows whose images were sent' })
  sent!: number;

  @ApiProperty({ type: 'integer', description: 'Keys without a row, which are deleted at the target' })
  gone!: number;

  @ApiProperty({ type: [ResyncRejectedDto], description: 'Every key that is not sent, and why' })
  rejected!: ResyncRejectedDto[];

  @ApiProperty({ type: [String], nullable: true, description: 'The key that was found last; a job goes on behind it' })
  lastKey!: string[] | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where the log of the source ended behind the newest image',
  })
  place!: string | null;

  @ApiProperty({ description: 'What it waits for, or why it has failed; empty = nothing' })
  cause!: string;

  @ApiProperty()
  author!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class ResyncListDto {
  @ApiProperty({ type: [ResyncDto] })
  items!: ResyncDto[];

  @ApiProperty({ type: 'integer' })
  total!: number;
}
