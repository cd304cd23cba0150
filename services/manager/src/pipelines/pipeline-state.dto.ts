import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { COMMAND_KINDS, PIPELINE_CONDITIONS, STAGES } from '@lutra/model';
import type {
  Blocker,
  CommandKind,
  DryRunReport,
  FailureReport,
  LeaseHolder,
  PipelineCondition,
  Place,
  Seats,
  Stage,
  WindowEvent,
} from '@lutra/model';
import { CommandDto } from '../commands/command.dto.ts';
import type { LinkedFailure } from '../runbook/runbook-links.ts';
import { PipelineDetailDto } from './pipeline.dto.ts';

export class FailureDto implements LinkedFailure {
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

  @ApiProperty({
    description: 'Section of the runbook about this code',
    example: 'docs/runbook.md#target_table_missing',
  })
  runbook!: string;
}

/** What a stage waits for outside Lutra. */
export class BlockerDto implements Blocker {
  @ApiProperty({ enum: STAGES })
  stage!: Stage;

  @ApiProperty()
  instance!: string;

  @ApiProperty({ type: String, example: 'targetLock' })
  kind!: Blocker['kind'];

  @ApiProperty({ example: 'load waits for lock held by connection 812 at target: ALTER TABLE …' })
  message!: string;

  @ApiProperty({ format: 'date-time' })
  since!: string;

  @ApiPropertyOptional({ description: 'The connection at the source or target that is in the way' })
  connectionId?: number;
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

const UNAVAILABLE_PARTS = ['permit', 'mainstem', 'loader', 'cursor', 'commands', 'deadLetters'] as const;

/** Something that could not be asked just now: the rest of the answer stands. */
export class UnavailableDto {
  @ApiProperty({ enum: UNAVAILABLE_PARTS })
  part!: (typeof UNAVAILABLE_PARTS)[number];

  @ApiProperty()
  code!: string;

  @ApiProperty()
  detail!: string;
}

/** What dryRun would have done in its newest epoch. */
export class DryRunReportDto implements DryRunReport {
  @ApiProperty()
  epoch!: number;

  @ApiProperty({ format: 'date-time' })
  since!: string;

  @ApiProperty({ format: 'date-time', description: 'Time of the newest report' })
  at!: string;

  @ApiProperty()
  inserted!: number;

  @ApiProperty()
  updated!: number;

  @ApiProperty()
  deleted!: number;

  @ApiProperty({ description: 'Statements that change tables' })
  ddl!: number;

  @ApiProperty({ type: [String], description: 'Some statements of the newest report, shortened, without values' })
  sample!: readonly string[];
}

export const PIPELINE_STATES = ['RUNNING', 'PAUSED', 'STOPPED', 'UNKNOWN'] as const;

/** A pipeline: what it shall do, and what it does. */
export class PipelineStateDto extends PipelineDetailDto {
  @ApiProperty({ enum: PIPELINE_STATES, description: 'UNKNOWN while ZooKeeper cannot be asked' })
  state!: (typeof PIPELINE_STATES)[number];

  @ApiProperty({
    enum: Object.keys(PIPELINE_CONDITIONS),
    description: 'State and what goes with it in one word: a section of the runbook',
  })
  condition!: PipelineCondition;

  @ApiProperty({
    description:
      'Section of the runbook that helps first: of the failure that it stands still for, else of the condition',
    example: 'docs/runbook.md#running',
  })
  runbook!: string;

  @ApiProperty({ description: '0 = never started' })
  epoch!: number;

  @ApiProperty({ description: 'A PAUSE, a STOP or a graceful RESTART lets what is open come to its end' })
  draining!: boolean;

  @ApiProperty({
    enum: COMMAND_KINDS,
    nullable: true,
    description: 'The command that follows when the window is empty',
  })
  drainingFor!: CommandKind | null;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ type: FailureDto, nullable: true, description: 'The failure that led to this state' })
  failure!: LinkedFailure | null;

  @ApiProperty({
    type: FailureDto,
    nullable: true,
    description: 'Newest failure of the last minute, also while RUNNING',
  })
  lastFailure!: LinkedFailure | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  since!: string | null;

  @ApiProperty({ type: String, nullable: true })
  by!: string | null;

  @ApiProperty({ description: 'Restarts in a row for a failure that may pass' })
  attempt!: number;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  nextAttemptAt!: string | null;

  @ApiProperty({
    type: CommandDto,
    nullable: true,
    description: 'Newest command to the pipeline, of an operator, of a stage or of the arbiter',
  })
  lastCommand!: CommandDto | null;

  @ApiProperty({
    type: CommandDto,
    nullable: true,
    description: 'What an operator ordered last through the API: START, STOP, PAUSE or RESTART',
  })
  lastOrder!: CommandDto | null;

  @ApiProperty({ type: [BlockerDto], description: 'What stages of the running epoch wait for' })
  blockers!: BlockerDto[];

  @ApiProperty({ type: Object, nullable: true, description: 'Instances that have to hold mainstem and loader' })
  seats!: Seats | null;

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

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Dead letters that are not settled, asked of the target every ten seconds at most; null = it cannot be asked',
  })
  deadLettersOpen!: number | null;

  @ApiProperty({ description: 'Rows that were put aside as dead letters, since the pipeline exists' })
  deadLetters!: number;

  @ApiProperty({ description: 'Rows that were not at the target as the source said, since the pipeline exists' })
  conflicts!: number;

  @ApiProperty({ type: DryRunReportDto, nullable: true, description: 'Null when there was no dry run' })
  dryRun!: DryRunReport | null;

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
