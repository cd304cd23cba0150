import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsArray, IsIn, IsObject, IsString, Length, MaxLength } from 'class-validator';
import type { ColumnDefinition } from '@lutra/model';
import { DEAD_LETTER_STATES } from '@lutra/sql';
import type { DeadLetterState, JsonImage } from '@lutra/sql';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { TargetListQuery, UnavailableTargetDto } from '../targets/target-list.dto.ts';

const IMAGE =
  'By column name; a column that the image does not carry is not there. 64-bit integers are {"integer": "…"}, bytes are ' +
  '{"bytes": "…"} in base64, numbers that JSON does not know {"number": "…"}';

const STATES = DEAD_LETTER_STATES.join('|');

export class DeadLetterQuery extends TargetListQuery {
  @ApiPropertyOptional({
    ...{ type: String, example: 'open,retryWanted', pattern: `^(${STATES})(,(${STATES}))*$` },
    description: 'Comma-separated; left out = all',
  })
  @MayBeAbsent()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsArray()
  @IsIn(DEAD_LETTER_STATES, { each: true })
  state?: DeadLetterState[];

  @ApiPropertyOptional({ description: 'Code of the error', example: 'TARGET_ROW_REFUSED' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(64)
  code?: string;
}

/** Which of the open letters of a pipeline are decided at once. */
export class DeadLetterSelectionDto {
  @ApiProperty()
  @IsString()
  @Length(1, 64)
  pipelineId!: string;

  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsString()
  @MaxLength(64)
  schema?: string;

  @ApiPropertyOptional({ description: 'Table at the target, without its schema' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(64)
  table?: string;

  @ApiPropertyOptional({ description: 'Code of the error' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(64)
  code?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  to?: string;
}

export class DeadLetterEditDto {
  @ApiProperty({ type: Object, description: `The columns to replace in the row as it came. ${IMAGE}` })
  @IsObject()
  row!: Record<string, unknown>;
}

export class DeadLetterErrorDto {
  @ApiProperty({ example: 'TARGET_ROW_REFUSED' })
  code!: string;

  @ApiProperty()
  message!: string;

  @ApiProperty({ type: Number, nullable: true, description: "The target's own number" })
  errno!: number | null;

  @ApiProperty({ description: 'Section of the runbook', example: 'docs/runbook.md#target_row_refused' })
  runbook!: string;
}

/** A row that could not be written, as lists show it. */
export class DeadLetterSummaryDto {
  @ApiProperty({ example: '01JD2Z5V5V5V5V5V5V5V5V5V5V.12-4711-3-0-0', description: 'Pipeline, and place of the row' })
  id!: string;

  @ApiProperty()
  pipelineId!: string;

  @ApiProperty({
    enum: DEAD_LETTER_STATES,
    description: 'retryWanted and discardWanted are decisions that load has not carried out yet',
  })
  state!: DeadLetterState;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'At the target' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ enum: ['insert', 'update', 'delete'] })
  kind!: 'insert' | 'update' | 'delete';

  @ApiProperty({ description: 'Source transaction' })
  gtid!: string;

  @ApiProperty({ type: DeadLetterErrorDto })
  error!: DeadLetterErrorDto;

  @ApiProperty()
  attempts!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The unsettled letter of the same key for which this one waits: it goes on by itself afterwards',
  })
  follows!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Name of the token' })
  wantedBy!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  wantedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  resolvedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the last retry failed' })
  lastError!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'The first letter of the same row of the source, which was read and refused again; what is decided about that one holds for this one',
  })
  repeats!: string | null;

  @ApiProperty({ description: 'How often the row came again as a letter of its own, which repeats this one' })
  repeatCount!: number;
}

export class DeadLetterColumnDto implements Pick<ColumnDefinition, 'name' | 'kind' | 'declared' | 'nullable'> {
  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, example: 'integer' })
  kind!: ColumnDefinition['kind'];

  @ApiProperty({ example: 'bigint unsigned' })
  declared!: string;

  @ApiProperty()
  nullable!: boolean;
}

/** A row that could not be written, with all that is known of it. */
export class DeadLetterDto extends DeadLetterSummaryDto {
  @ApiProperty()
  epoch!: number;

  @ApiProperty()
  process!: number;

  @ApiProperty({ description: 'Rows event of the transaction, from 0' })
  event!: number;

  @ApiProperty({ description: 'Row of the event, from 0' })
  row!: number;

  @ApiProperty({ description: 'Revision of the definition that it was read under' })
  revision!: number;

  @ApiProperty({ type: String, nullable: true, description: 'The statement that failed, without values' })
  statement!: string | null;

  @ApiProperty({ type: [DeadLetterColumnDto] })
  columns!: DeadLetterColumnDto[];

  @ApiProperty({ type: Object, nullable: true, description: IMAGE })
  before!: JsonImage | null;

  @ApiProperty({ type: Object, nullable: true })
  after!: JsonImage | null;

  @ApiProperty({
    type: [String],
    description: 'Columns that the mapping could not make: an edit has to set them all before the row can be written',
  })
  notMapped!: string[];

  @ApiProperty({ type: Object, nullable: true, description: 'The row that was edited, which is written instead' })
  wanted!: JsonImage | null;
}

export class DeadLetterListDto {
  @ApiProperty({ type: [DeadLetterSummaryDto] })
  items!: DeadLetterSummaryDto[];

  @ApiProperty()
  total!: number;

  @ApiProperty({
    type: [UnavailableTargetDto],
    description: 'Targets that could not be asked; with pipelineId that is an error',
  })
  unavailable!: UnavailableTargetDto[];
}
