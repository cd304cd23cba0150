import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsObject, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import type { Place } from '@lutra/model';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { CursorDto } from '../pipelines/pipeline-state.dto.ts';
import { StartDto } from '../pipelines/start.dto.ts';
import { REWIND_DIRECTIONS } from './rewind-plan.ts';
import type { RewindDirection } from './rewind-plan.ts';
import { SAVED_KINDS } from './saved-position.entity.ts';
import type { SavedKind } from './saved-position.entity.ts';

const PLACE =
  'What is done: a GTID set (MySQL), one GTID per domain (MariaDB), or server, file and offset without GTID';

export class LanePositionDto {
  @ApiProperty()
  lane!: number;

  @ApiProperty()
  epoch!: number;

  @ApiProperty({ description: 'Target transactions that this lane has committed' })
  step!: number;

  @ApiProperty({ type: Object, description: PLACE })
  place!: Place;
}

export class DistanceDto {
  @ApiProperty({ type: Number, nullable: true, description: 'Transactions that the source has and the target has not' })
  transactions!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Bytes of log, where places are files and offsets' })
  bytes!: number | null;
}

const PARTS = ['checkpoint', 'cursor', 'source'] as const;

/** Something that could not be asked just now: the rest of the answer stands. */
export class UnavailablePositionDto {
  @ApiProperty({ enum: PARTS })
  part!: (typeof PARTS)[number];

  @ApiProperty({ example: 'SOURCE_UNREACHABLE' })
  code!: string;

  @ApiProperty()
  detail!: string;
}

/** Where a pipeline stands: at its target, which is the truth, on the bus, and how far from the end of its source. */
export class PositionDto {
  @ApiProperty()
  pipelineId!: string;

  @ApiProperty({ description: 'Grows with each target transaction: what If-Match of a rewind is compared with' })
  version!: number;

  @ApiProperty({ type: Object, nullable: true, description: `${PLACE}: in all lanes; null = it has none yet` })
  place!: Place | null;

  @ApiProperty({ type: [LanePositionDto], description: 'The rows of lutra.checkpoint at the target' })
  lanes!: LanePositionDto[];

  @ApiProperty({ type: CursorDto, nullable: true, description: 'What load told select last' })
  cursor!: CursorDto | null;

  @ApiProperty({ type: Object, nullable: true, description: 'Everything that the source has committed' })
  sourceEnd!: Place | null;

  @ApiProperty({ type: DistanceDto, nullable: true })
  distance!: DistanceDto | null;

  @ApiProperty({ type: [UnavailablePositionDto] })
  unavailable!: UnavailablePositionDto[];
}

export class PositionHistoryQuery {
  @ApiPropertyOptional({ format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  to?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 2000, default: 200 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_000)
  limit: number = 200;
}

const ORIGINS = ['cursor', ...SAVED_KINDS] as const;

export class PastPositionDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({
    enum: ORIGINS,
    description:
      'cursor: of the last minute or so; saved: every ten minutes, for a week; rewind: where it stood before a person put it elsewhere',
  })
  origin!: 'cursor' | SavedKind;

  @ApiProperty()
  epoch!: number;

  @ApiProperty({ type: Object, description: PLACE })
  place!: Place;

  @ApiProperty({ description: "Who rewound; '' = nobody" })
  author!: string;

  @ApiProperty()
  reason!: string;
}

/** Newest first. */
export class PositionHistoryDto {
  @ApiProperty({ type: [PastPositionDto] })
  items!: PastPositionDto[];

  @ApiProperty()
  total!: number;
}

export class RewindPreviewRequestDto {
  @ApiProperty({ type: StartDto, description: 'Where to go: a time, GTIDs that count as done, or file and offset' })
  @IsObject()
  @ValidateNested()
  @Type(() => StartDto)
  to!: StartDto;
}

export class RewindRequestDto extends RewindPreviewRequestDto {
  @ApiProperty({ example: 'Rows of shop.orders were deleted at the target by mistake' })
  @IsString()
  @Length(1, 500)
  reason!: string;

  @ApiPropertyOptional({ description: 'Needed where the preview says so', default: false })
  @MayBeAbsent()
  @IsBoolean()
  force?: boolean;
}

export class RewindTableDto {
  @ApiProperty({ description: 'At the source' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ description: 'Rows events: a statement of many rows is one, or some' })
  events!: number;

  @ApiProperty()
  bytes!: number;
}

export class UnrepeatableTableDto {
  @ApiProperty({ description: 'At the target' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ enum: ['noKey', 'delta'], description: 'It has no key; or its mapping adds differences up' })
  why!: 'noKey' | 'delta';
}

export class RefusalDto {
  @ApiProperty({ example: 'SOURCE_POSITION_PURGED' })
  code!: string;

  @ApiProperty()
  detail!: string;
}

/** What a rewind would do. */
export class RewindPreviewDto {
  @ApiProperty({
    enum: REWIND_DIRECTIONS,
    description:
      'back: repeats; forward: leaves out; across: each place has transactions that the other has not, as after the loss of a source',
  })
  direction!: RewindDirection;

  @ApiProperty({ type: Object })
  before!: Place;

  @ApiProperty({ type: Object })
  after!: Place;

  @ApiProperty({ description: 'Transactions that would be repeated, or left out' })
  transactions!: number;

  @ApiProperty()
  bytes!: number;

  @ApiProperty({ type: [RewindTableDto], description: 'Mapped ones, the largest first' })
  tables!: RewindTableDto[];

  @ApiProperty({ description: 'Statements among them that are logged as text, such as ALTER TABLE' })
  statements!: number;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  firstCommitAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  lastCommitAt!: string | null;

  @ApiProperty({ description: 'False: there is more of it than could be read in a few seconds' })
  isComplete!: boolean;

  @ApiProperty({
    type: RefusalDto,
    nullable: true,
    description: 'Why the source cannot serve that place; null = it can',
  })
  refusal!: RefusalDto | null;

  @ApiProperty({ type: [UnrepeatableTableDto], description: 'Tables whose rows would be doubled' })
  unrepeatable!: UnrepeatableTableDto[];

  @ApiProperty({ description: 'Rows would be doubled or left out, or nobody knows: it has to be said twice' })
  needsForce!: boolean;
}
