import { ApiProperty } from '@nestjs/swagger';
import type { Stage } from '@lutra/model';

export class ProcessStageDto {
  @ApiProperty({ enum: ['select', 'extract', 'transform', 'load'] })
  stage!: Stage;

  @ApiProperty()
  instance!: string;

  @ApiProperty({ format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ description: 'Time that the stage had the process in hand' })
  durationMs!: number;

  @ApiProperty()
  rowCount!: number;

  @ApiProperty()
  bytes!: number;
}

export class ProcessDto {
  @ApiProperty()
  epoch!: number;

  @ApiProperty()
  process!: number;

  @ApiProperty({ enum: ['open', 'loaded'] })
  state!: 'open' | 'loaded';

  @ApiProperty({ description: 'Open: since it was selected; loaded: from select to load' })
  ageMs!: number;

  @ApiProperty({ type: Number, nullable: true })
  rowCount!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  transactionCount!: number | null;

  @ApiProperty()
  bytes!: number;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  loadedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  traceId!: string | null;

  @ApiProperty({ type: [ProcessStageDto], description: 'Empty while it is open' })
  stages!: ProcessStageDto[];
}

/** Open processes first, then those loaded last, newest first. */
export class ProcessListDto {
  @ApiProperty({ type: [ProcessDto] })
  items!: ProcessDto[];

  @ApiProperty()
  total!: number;
}
