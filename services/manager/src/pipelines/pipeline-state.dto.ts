import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FailureReport, LeaseHolder, Place, WindowEvent } from '@lutra/model';
import { PipelineDetailDto } from './pipeline.dto.ts';

export class FailureDto implements FailureReport {
  @ApiProperty({ type: String, example: 'TARGET_TABLE_MISSING' })
  code!: FailureReport['code'];

  @ApiProperty({ enum: ['retryable', 'poison', 'configuration', 'internal'] })
  class!: FailureReport['class'];

  @ApiProperty()
  message!: string;

  @ApiProperty()
  workaround!: string;

  @ApiPropertyOptional({ description: 'The statement that would repair it' })
  statement?: string;

  @ApiProperty()
  stage!: string;

  @ApiProperty()
  instance!: string;

  @ApiProperty()
  epoch!: number;

  @ApiProperty({ type: Number, nullable: true })
  process!: number | null;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

/** Select's view of itself. */
export class SelectStateDto {
  @ApiProperty({ enum: ['connecting', 'seeking', 'streaming', 'idle', 'catchingUp', 'drained', 'failed'] })
  state!: WindowEvent['state'];

  @ApiProperty({ type: String, nullable: true })
  cause!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "Server of the source's group that is read, or was last, as host:port; null before the first one",
  })
  source!: string | null;

  @ApiProperty({ description: 'Clock of the source minus commit time of the newest event read; 0 when idle' })
  lagMs!: number;
}

export class HolderDto implements LeaseHolder {
  @ApiProperty()
  instance!: string;

  @ApiProperty()
  epoch!: number;

  @ApiProperty({ format: 'date-time' })
  since!: string;
}

export class CursorDto {
  @ApiProperty({ enum: ['origin-wanted', 'place'] })
  state!: 'origin-wanted' | 'place';

  @ApiProperty()
  epoch!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Last process of this epoch that is loaded' })
  process!: number | null;

  @ApiProperty({ type: Object, nullable: true, description: 'What is done at the target' })
  place!: Place | null;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class WindowDto {
  @ApiProperty()
  process!: number;

  @ApiProperty()
  ageMs!: number;

  @ApiProperty()
  bytes!: number;
}

/** Something that could not be asked just now: the rest of the answer stands. */
export class UnavailableDto {
  @ApiProperty({ enum: ['permit', 'mainstem', 'loader', 'cursor'] })
  part!: string;

  @ApiProperty()
  code!: string;

  @ApiProperty()
  detail!: string;
}

export const PIPELINE_STATES = ['RUNNING', 'PAUSED', 'STOPPED', 'UNKNOWN'] as const;

/** A pipeline: what it shall do, and what it does. */
export class PipelineStateDto extends PipelineDetailDto {
  @ApiProperty({ enum: PIPELINE_STATES, description: 'UNKNOWN while ZooKeeper cannot be asked' })
  state!: (typeof PIPELINE_STATES)[number];

  @ApiProperty({ description: '0 = never started' })
  epoch!: number;

  @ApiProperty({ description: 'A PAUSE or STOP lets what is open come to its end' })
  draining!: boolean;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ type: FailureDto, nullable: true, description: 'The failure that led to this state' })
  failure!: FailureReport | null;

  @ApiProperty({
    type: FailureDto,
    nullable: true,
    description: 'Newest failure of the last minute, also while RUNNING',
  })
  lastFailure!: FailureReport | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  since!: string | null;

  @ApiProperty({ type: String, nullable: true })
  by!: string | null;

  @ApiProperty({ description: 'Restarts in a row for a failure that may pass' })
  attempt!: number;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  nextAttemptAt!: string | null;

  @ApiProperty({ type: SelectStateDto, nullable: true, description: 'Null when select was silent for ten seconds' })
  select!: SelectStateDto | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Commit at the source to commit at the target, of the oldest change of each process, over the last minute',
  })
  delayMsP50!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  delayMsP99!: number | null;

  @ApiProperty({ description: 'Over the last ten seconds' })
  rowsPerSecond!: number;

  @ApiProperty({ description: 'Since the pipeline exists' })
  rowsLoaded!: number;

  @ApiProperty({ type: CursorDto, nullable: true })
  cursor!: CursorDto | null;

  @ApiProperty({ type: HolderDto, nullable: true, description: 'The select instance that is active' })
  mainstem!: LeaseHolder | null;

  @ApiProperty({ type: HolderDto, nullable: true, description: 'The load instance that is active' })
  loader!: LeaseHolder | null;

  @ApiProperty({ type: [WindowDto], description: 'Processes that are selected and not yet loaded' })
  open!: WindowDto[];

  @ApiProperty({ type: [UnavailableDto] })
  unavailable!: UnavailableDto[];
}
