import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsString, Matches, Max, Min } from 'class-validator';
import { SENT_LEVELS, SERVICES } from '@lutra/model';
import type { LogLine, SentLevel, ServiceName } from '@lutra/model';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';

/** Which lines, and how many of the newest. */
export class LogQuery {
  @ApiPropertyOptional({ enum: SERVICES })
  @MayBeAbsent()
  @IsIn(SERVICES)
  service?: ServiceName;

  @ApiPropertyOptional({ enum: SENT_LEVELS, description: 'The least serious one that is shown', default: 'warn' })
  @IsIn(SENT_LEVELS)
  level: SentLevel = 'warn';

  @ApiPropertyOptional({ description: 'Only what concerns the pipeline with this id' })
  @MayBeAbsent()
  @IsString()
  @Matches(/^[\w-]{1,64}$/, { message: 'pipeline must be an id: letters, digits, _ and -, at most 64' })
  pipeline?: string;

  @ApiPropertyOptional({ description: 'Only lines of this trace', example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  @MayBeAbsent()
  @IsString()
  @Matches(/^[0-9a-f]{32}$/, { message: 'traceId must be 32 hexadecimal digits in lower case' })
  traceId?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Default: all that is kept' })
  @MayBeAbsent()
  @IsTime()
  since?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit: number = 100;
}

export class LogLineDto implements LogLine {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ enum: SERVICES })
  service!: ServiceName;

  @ApiProperty()
  instance!: string;

  @ApiProperty({ enum: SENT_LEVELS })
  level!: SentLevel;

  @ApiProperty({ example: 'stage failed' })
  message!: string;

  @ApiProperty({ type: String, nullable: true })
  pipelineId!: string | null;

  @ApiProperty({ type: String, nullable: true })
  traceId!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'TARGET_UNREACHABLE' })
  code!: string | null;

  @ApiProperty({ type: Object, description: 'Everything else that the line says; secrets are ***' })
  fields!: Readonly<Record<string, unknown>>;
}

/** Oldest first. */
export class LogListDto {
  @ApiProperty({ type: [LogLineDto] })
  items!: LogLineDto[];

  @ApiProperty()
  total!: number;
}
