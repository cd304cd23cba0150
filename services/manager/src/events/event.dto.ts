import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, Max, Min } from 'class-validator';
import type { LutraEvent } from '@lutra/model';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';

const KINDS: readonly LutraEvent['kind'][] = [
  'loaded',
  'staged',
  'window',
  'failed',
  'permit-granted',
  'permit-revoked',
  'command-issued',
  'command-done',
  'rolled-back',
  'instance-joined',
  'instance-lost',
  'config-applied',
  'warning',
  'conflict',
  'dead-letter',
  'dry-run',
  'inquiry',
  'blocked',
  'alarm-raised',
  'alarm-cleared',
];

/** Which events, and how many of the newest. */
export class EventQuery {
  @ApiPropertyOptional({
    ...{ type: String, example: 'failed,warning', pattern: `^(${KINDS.join('|')})(,(${KINDS.join('|')}))*$` },
    description: 'Comma-separated kinds; left out = all but window and staged',
  })
  @MayBeAbsent()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsArray()
  @IsIn(KINDS, { each: true })
  kinds?: LutraEvent['kind'][];

  @ApiPropertyOptional({ format: 'date-time', description: 'Default: the last hour' })
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

/** Window events come every second and would hide the others. */
export const DEFAULT_KINDS: readonly LutraEvent['kind'][] = KINDS.filter(
  (kind) => !['window', 'staged'].includes(kind),
);

/** Oldest first. The fields of an event depend on its kind; a failure has its section of the runbook beside it. */
export class EventListDto {
  @ApiProperty({ type: [Object] })
  items!: LutraEvent[];

  @ApiProperty()
  total!: number;
}
