import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsObject, IsString, Length, Matches, Max, Min, ValidateNested } from 'class-validator';
import type { JsonImage } from '@lutra/sql';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import type { SourceRow } from './read-transaction.ts';

const GTID = /^[\w:-]{1,128}$/;
const GTID_PROBLEM = { message: 'gtid must be one GTID: letters, digits, _, : and -, at most 128' };
const UINT32_MAX = 0xffff_ffff;
const IMAGE =
  'By column name. 64-bit integers are {"integer": "…"}, bytes are {"bytes": "…"} in base64, a value that is too long for a look is {"length": …, "sha256": "…"}';

export class SkipPreviewQuery {
  @ApiProperty({ example: '0-1-4711', description: "As in a failure's message or a dead letter" })
  @IsString()
  @Matches(GTID, GTID_PROBLEM)
  gtid!: string;
}

export class SkippedRowDto {
  @ApiProperty({ minimum: 0, maximum: UINT32_MAX, description: 'Rows event of the transaction, from 0' })
  @IsInt()
  @Min(0)
  @Max(UINT32_MAX)
  event!: number;

  @ApiProperty({ minimum: 0, maximum: UINT32_MAX, description: 'Row of the event, from 0' })
  @IsInt()
  @Min(0)
  @Max(UINT32_MAX)
  row!: number;
}

export class SkipCreateDto extends SkipPreviewQuery {
  @ApiPropertyOptional({ type: SkippedRowDto, description: 'Only this row; left out = the whole transaction' })
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => SkippedRowDto)
  row?: SkippedRowDto;

  @ApiProperty({ description: '`hash` of the preview: what was seen is what is left out' })
  @IsString()
  @Matches(/^[0-9a-f]{64}$/, { message: 'confirmHash must be the 64 hexadecimal digits of a preview' })
  confirmHash!: string;

  @ApiProperty({ example: 'CHG-4711: the row was corrected at the target by hand' })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

export class SourceRowDto implements SourceRow {
  @ApiProperty()
  event!: number;

  @ApiProperty()
  row!: number;

  @ApiProperty({ description: 'At the source' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ enum: ['insert', 'update', 'delete'] })
  kind!: SourceRow['kind'];

  @ApiProperty({ type: Object, nullable: true, description: IMAGE })
  before!: JsonImage | null;

  @ApiProperty({ type: Object, nullable: true, description: IMAGE })
  after!: JsonImage | null;
}

export class SkipPreviewDto {
  @ApiProperty()
  gtid!: string;

  @ApiProperty({ format: 'date-time' })
  commitAt!: string;

  @ApiProperty({ type: [SourceRowDto], description: 'Rows of mapped tables, the first thousand' })
  rows!: SourceRowDto[];

  @ApiProperty({ description: 'How many there are, as far as they were read' })
  rowCount!: number;

  @ApiProperty({ description: 'Rows events that are too large to be shown' })
  eventsNotShown!: number;

  @ApiProperty({ description: 'Schema statements: decided by `ddlDecisions`, not here' })
  statements!: number;

  @ApiProperty({ description: 'Goes into confirmHash' })
  hash!: string;
}

export class SkipDto {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  pipelineId!: string;

  @ApiProperty()
  gtid!: string;

  @ApiProperty({ type: SkippedRowDto, nullable: true })
  row!: SkippedRowDto | null;

  @ApiProperty()
  reason!: string;

  @ApiProperty()
  author!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class SkipListDto {
  @ApiProperty({ type: [SkipDto] })
  items!: SkipDto[];

  @ApiProperty()
  total!: number;
}
