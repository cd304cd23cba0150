import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNumber, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';
import { LOG_LEVELS, SERVICES } from '@lutra/model';
import type { InstanceLoad, InstanceOrder, LogLevel, ServiceName } from '@lutra/model';
import { MOVED_STAGES } from '../commands/command.dto.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';

export class InstanceReasonDto {
  @ApiProperty({ example: 'new memory for host db-7', maxLength: 500, description: 'Kept with the order, and audited' })
  @IsString()
  @Length(1, 500)
  @Matches(/\S/, { message: 'reason must say why: at least one character that is not a blank' })
  reason!: string;
}

const LOG_LEVEL_NOTE =
  'Least serious level that is written to the log, from the next line on; null = as it was started. Takes effect: at once';

export class LogLevelDto extends InstanceReasonDto {
  @ApiProperty({ enum: LOG_LEVELS, nullable: true, description: LOG_LEVEL_NOTE })
  @ValidateIf((_object, value) => value !== null)
  @IsIn(LOG_LEVELS)
  level!: LogLevel | null;

  @ApiPropertyOptional({ enum: SERVICES, description: 'Only instances of this service; left out = of all' })
  @MayBeAbsent()
  @IsIn(SERVICES)
  service?: ServiceName;
}

/** Weight, log level, or both. */
export class InstancePatchDto extends InstanceReasonDto {
  @ApiPropertyOptional({ enum: LOG_LEVELS, nullable: true, description: LOG_LEVEL_NOTE })
  @MayBeAbsent()
  @ValidateIf((_object, value) => value !== null)
  @IsIn(LOG_LEVELS)
  logLevel?: LogLevel | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 0.01,
    maximum: 100,
    description:
      'Share of work beside other instances of its service, 1 = as much as they have; null = as it was started. Takes effect with the next process or lease',
  })
  @MayBeAbsent()
  @ValidateIf((_object, value) => value !== null)
  @IsNumber()
  @Min(0.01)
  @Max(100)
  weight?: number | null;
}

export class LoadDto implements InstanceLoad {
  @ApiProperty({ description: 'Cores in use' })
  cpu!: number;

  @ApiProperty()
  memoryBytes!: number;

  @ApiProperty({ description: 'Processes and leases in hand' })
  tasks!: number;

  @ApiPropertyOptional({ description: '99th percentile since the last figures' })
  eventLoopDelayMs?: number;
}

/** What a person has ordered of an instance; it holds over restarts until it is taken back. */
export class InstanceOrderDto implements InstanceOrder {
  @ApiProperty()
  draining!: boolean;

  @ApiProperty()
  maintenance!: boolean;

  @ApiProperty({ type: Number, nullable: true, description: 'Null = the weight that it was started with' })
  weight!: number | null;

  @ApiPropertyOptional({
    enum: LOG_LEVELS,
    nullable: true,
    description: 'Null = the system parameter, else the level that it was started with',
  })
  logLevel?: LogLevel | null;

  @ApiProperty()
  reason!: string;

  @ApiProperty({ description: 'Name of the token' })
  by!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class HeldLeaseDto {
  @ApiProperty()
  pipelineId!: string;

  @ApiProperty({ enum: MOVED_STAGES, description: 'select = the mainstem, load = the loader' })
  stage!: (typeof MOVED_STAGES)[number];

  @ApiProperty({ format: 'date-time' })
  since!: string;
}

/** An instance that is alive, or one that is down and was heard of: its order waits for it. */
export class InstanceDto {
  @ApiProperty({ enum: SERVICES, nullable: true, description: 'Null when it is down and nothing tells any more' })
  service!: ServiceName | null;

  @ApiProperty({ description: 'Its name, and its id in addresses' })
  instance!: string;

  @ApiProperty()
  alive!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'This and what follows: null while it is down' })
  host!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  pid!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Version of Lutra' })
  version!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  startedAt!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Port of /health and /metrics' })
  httpPort!: number | null;

  @ApiProperty({ type: LoadDto, nullable: true })
  load!: InstanceLoad | null;

  @ApiProperty({ type: Number, nullable: true, description: 'As it works now' })
  weight!: number | null;

  @ApiProperty({ description: 'It gives its work away and takes none: by order, or because it is stopping' })
  draining!: boolean;

  @ApiProperty({ description: 'It keeps what it has and takes nothing new' })
  maintenance!: boolean;

  @ApiProperty({ type: InstanceOrderDto, nullable: true })
  order!: InstanceOrder | null;

  @ApiProperty({ type: [HeldLeaseDto], description: 'Leases that it holds, by pipeline' })
  leases!: HeldLeaseDto[];
}

export class DrainProgressDto {
  @ApiProperty({ description: 'Leases that have still to move' })
  leasesLeft!: number;

  @ApiProperty({ description: 'Processes and leases that it has still in hand' })
  tasksLeft!: number;

  @ApiProperty({ description: 'Nothing is left: it may be switched off' })
  isEmpty!: boolean;
}

export class InstanceDetailDto extends InstanceDto {
  @ApiProperty({ type: DrainProgressDto, nullable: true, description: 'Null when it does not drain' })
  drain!: DrainProgressDto | null;
}

export class InstanceListDto {
  @ApiProperty({ type: [InstanceDto] })
  items!: InstanceDto[];

  @ApiProperty()
  total!: number;
}
