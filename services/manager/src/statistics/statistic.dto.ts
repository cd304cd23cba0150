import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsISO8601 } from 'class-validator';
import type { StatisticCounts } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';

export class StatisticQuery {
  @ApiPropertyOptional({ format: 'date-time', description: 'Default: an hour before `to`' })
  @MayBeAbsent()
  @IsISO8601()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Default: now' })
  @MayBeAbsent()
  @IsISO8601()
  to?: string;
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

export class StatisticMinuteDto extends StatisticCountsDto {
  @ApiProperty({ format: 'date-time', description: 'Beginning of the minute' })
  minute!: string;

  @ApiProperty({ type: Number, nullable: true })
  delayMsP50!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  delayMsP99!: number | null;
}

export class StatisticsDto {
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

  @ApiProperty({ type: [StatisticMinuteDto], description: 'Oldest first; saved every ten seconds' })
  minutes!: StatisticMinuteDto[];
}
