import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsIn, IsString, Length, MaxLength } from 'class-validator';
import type { StageFigures, StatisticCounts, TimedStage } from '@lutra/model';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { STEPS } from './rollup-steps.ts';
import type { Step } from './rollup-steps.ts';

/** Which time, and how fine. */
export class StatisticRangeQuery {
  @ApiPropertyOptional({
    format: 'date-time',
    description: 'Default: an hour before `to`; with a step 60 steps before it',
  })
  @MayBeAbsent()
  @IsTime()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Default: now' })
  @MayBeAbsent()
  @IsTime()
  to?: string;

  @ApiPropertyOptional({
    enum: STEPS,
    description:
      'Seconds are kept for an hour, minutes for 7 days, hours for 90 days, days (of UTC) for 5 years. Default: the finest that is kept since `from` and gives at most 750 points',
  })
  @MayBeAbsent()
  @IsIn(STEPS)
  step?: Step;
}

/** With neither a pipeline nor a channel: of the whole installation. */
export class StatisticQuery extends StatisticRangeQuery {
  @ApiPropertyOptional({ example: '01JD2Z5V5V5V5V5V5V5V5V5V5V' })
  @MayBeAbsent()
  @IsString()
  @Length(26, 26)
  pipelineId?: string;

  @ApiPropertyOptional({ example: '01JD2Z5V5V5V5V5V5V5V5V5V5V', description: 'Total over its pipelines' })
  @MayBeAbsent()
  @IsString()
  @Length(26, 26)
  channelId?: string;
}

export class TableStatisticQuery extends StatisticRangeQuery {
  @ApiProperty({ example: '01JD2Z5V5V5V5V5V5V5V5V5V5V' })
  @IsString()
  @Length(26, 26)
  pipelineId!: string;

  @ApiPropertyOptional({ example: 'shop.orders', description: 'Only this target table, and with its points' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(200)
  table?: string;
}

export class StatisticCountsDto implements StatisticCounts {
  @ApiProperty()
  inserted!: number;

  @ApiProperty()
  updated!: number;

  @ApiProperty()
  deleted!: number;

  @ApiProperty({ description: 'Rows that the checkpoint said are done already' })
  skipped!: number;

  @ApiProperty()
  conflicts!: number;

  @ApiProperty()
  transactions!: number;

  @ApiProperty()
  processes!: number;

  @ApiProperty()
  sourceBytes!: number;

  @ApiProperty()
  failures!: number;

  @ApiProperty()
  warnings!: number;

  @ApiProperty({ description: 'Rows that were put aside' })
  deadLetters!: number;

  @ApiProperty({ description: 'Rows that were put aside and are written now' })
  deadLettersRetried!: number;

  @ApiProperty({ description: 'Rows that were put aside and given up' })
  deadLettersDiscarded!: number;

  @ApiProperty()
  deadLetterRetriesFailed!: number;

  @ApiProperty({ description: 'Rows that dryRun has not written' })
  dryRunRows!: number;

  @ApiProperty({ description: 'Values of columns that the target lacks, left out because missingColumn is ignore' })
  valuesLeftOut!: number;

  @ApiProperty({
    description:
      'Schema statements of the source that were passed over: by policy or decision, views, routines, triggers, …',
  })
  statementsSkipped!: number;
}

export class StageFiguresDto implements StageFigures {
  @ApiProperty({ description: 'Time of all processes together' })
  ms!: number;

  @ApiProperty({ description: 'The longest of one process' })
  msMax!: number;
}

/** Delays are those of the oldest change of each process, from its commit at the source to its commit at the target. */
export class StatisticFiguresDto extends StatisticCountsDto {
  @ApiProperty({ type: Number, nullable: true, description: 'At most 2.2 % off' })
  delayMsP50!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'At most 2.2 % off' })
  delayMsP99!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Exact' })
  delayMsMax!: number | null;

  @ApiProperty({
    description:
      'By stage, and `process` from the first stage to the end of the last; those without processes are left out',
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(StageFiguresDto) },
  })
  stages!: Partial<Record<TimedStage, StageFigures>>;
}

export class StatisticPointDto extends StatisticFiguresDto {
  @ApiProperty({ format: 'date-time', description: 'Beginning of the step' })
  at!: string;
}

/** The present, as the event log tells it to this manager. */
export class LiveFiguresDto {
  @ApiProperty({ type: StatisticCountsDto, description: 'Since the pipeline exists' })
  totals!: StatisticCounts;

  @ApiProperty()
  rowsPerSecond10!: number;

  @ApiProperty()
  rowsPerSecond60!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Over the last minute; worst change of each process' })
  delayMsP50!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  delayMsP99!: number | null;
}

export class StatisticHoleDto {
  @ApiProperty({ format: 'date-time' })
  from!: string;

  @ApiProperty({ format: 'date-time' })
  to!: string;
}

export class StatisticSpanDto {
  @ApiProperty({ enum: STEPS })
  step!: Step;

  @ApiProperty({ format: 'date-time', description: 'Beginning of the first step' })
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'End of the last step' })
  to!: string;

  @ApiProperty({
    type: [StatisticHoleDto],
    description: 'Times of which figures are too low: the event log had dropped events before a manager read them',
  })
  holes!: StatisticHoleDto[];
}

@ApiExtraModels(StageFiguresDto)
export class StatisticsDto extends StatisticSpanDto {
  @ApiProperty({ type: StatisticFiguresDto, description: 'Of the whole time' })
  sum!: StatisticFiguresDto;

  @ApiProperty({ type: [StatisticPointDto], description: 'Oldest first; steps in which nothing happened are left out' })
  points!: StatisticPointDto[];

  @ApiProperty({ type: LiveFiguresDto, nullable: true, description: 'Of a pipeline only' })
  live!: LiveFiguresDto | null;
}

export class RowCountsDto {
  @ApiProperty()
  inserted!: number;

  @ApiProperty()
  updated!: number;

  @ApiProperty()
  deleted!: number;

  @ApiProperty()
  skipped!: number;
}

export class TablePointDto extends RowCountsDto {
  @ApiProperty({ format: 'date-time', description: 'Beginning of the step' })
  at!: string;
}

export class TableStatisticDto extends RowCountsDto {
  @ApiProperty({ example: 'shop.orders', description: 'Target table; * = tables beyond the number that is told apart' })
  table!: string;

  @ApiPropertyOptional({ type: [TablePointDto], description: 'When one table was asked for' })
  points?: TablePointDto[];
}

/** Most rows first. */
export class TableStatisticsDto extends StatisticSpanDto {
  @ApiProperty({ type: [TableStatisticDto] })
  items!: TableStatisticDto[];

  @ApiProperty()
  total!: number;
}
