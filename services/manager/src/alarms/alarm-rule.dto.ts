import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsName } from '../http/is-name.decorator.ts';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { MayBeNull } from '../http/may-be-null.ts';
import { ResourceDto } from '../http/resource.dto.ts';
import { SEVERITIES } from '../receivers/notification.ts';
import type { Severity } from '../receivers/notification.ts';
import { ALARM_KIND_NAMES, ALARM_KINDS } from './alarm-kind.ts';
import type { AlarmKind } from './alarm-kind.ts';
import type { AlarmScope, Recovery } from './alarm-rule.entity.ts';
import type { Schedule, ScheduleWindow, Weekday } from './schedule.ts';

const WEEK_MS = 604_800_000;
/** A receiver that is told more often than this is no longer read. */
const REPEAT_MS_MIN = 1_000;
const MONTH_MS = 30 * 86_400_000;
export const SCOPE_MAX = 500;
const WINDOWS_MAX = 50;
export const RECEIVERS_MAX = 20;
const TELLINGS_MAX = 1_000;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const ID_PROBLEM = { each: true, message: '$property must hold ids' };
const DAYS = [1, 2, 3, 4, 5, 6, 7] as const;

const KINDS_TOLD = Object.entries(ALARM_KINDS)
  .map(
    ([kind, { unit, defaultThreshold, meaning }]) =>
      `${kind} (${unit}, default ${String(defaultThreshold)}): ${meaning}`,
  )
  .join('; ');

export class AlarmScopeDto implements AlarmScope {
  @ApiProperty({ type: [String], description: 'Pipelines by id' })
  @IsArray()
  @ArrayMaxSize(SCOPE_MAX)
  @ArrayUnique()
  @Matches(ID, ID_PROBLEM)
  pipelineIds!: string[];

  @ApiProperty({ type: [String], description: 'All pipelines of these channels' })
  @IsArray()
  @ArrayMaxSize(SCOPE_MAX)
  @ArrayUnique()
  @Matches(ID, ID_PROBLEM)
  channelIds!: string[];
}

export class ScheduleWindowDto implements ScheduleWindow {
  @ApiProperty({ type: [Number], example: [1, 2, 3, 4, 5], description: '1 = Monday … 7 = Sunday' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(DAYS, { each: true })
  days!: Weekday[];

  @ApiProperty({ example: '22:00' })
  @Matches(TIME, { message: "from must be a time of day, 'HH:MM'" })
  from!: string;

  @ApiProperty({ example: '06:00', description: 'Not later than from: until that time of the next day' })
  @Matches(TIME, { message: "until must be a time of day, 'HH:MM'" })
  until!: string;
}

export class ScheduleDto implements Schedule {
  @ApiProperty({
    example: 'Europe/Berlin',
    description: 'IANA name; windows are wall-clock time, also when clocks change',
  })
  @IsString()
  @Length(1, 64)
  timeZone!: string;

  @ApiProperty({ type: [ScheduleWindowDto] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(WINDOWS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ScheduleWindowDto)
  windows!: ScheduleWindowDto[];
}

export class RecoveryDto implements Recovery {
  @ApiProperty({ type: Number, nullable: true, minimum: 1, description: 'At this telling of one alarm: RESTART' })
  @MayBeNull()
  @IsInt()
  @Min(1)
  @Max(TELLINGS_MAX)
  restartAt!: number | null;

  @ApiProperty({ type: Number, nullable: true, minimum: 1, description: 'At this telling, after the RESTART: STOP' })
  @MayBeNull()
  @IsInt()
  @Min(1)
  @Max(TELLINGS_MAX)
  stopAt!: number | null;
}

class AlarmRuleFields {
  @ApiPropertyOptional({ enum: SEVERITIES, default: 'important' })
  @MayBeAbsent()
  @IsIn(SEVERITIES)
  severity?: Severity;

  @ApiPropertyOptional({ default: true })
  @MayBeAbsent()
  @IsBoolean()
  enabled?: boolean;

  @ApiPropertyOptional({ description: "In the kind's unit; default: the kind's. The condition holds from here on" })
  @MayBeAbsent()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  threshold?: number;

  @ApiPropertyOptional({
    example: 'deadlock',
    maxLength: 200,
    description: 'errorKeyword only; in any case of letters',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, 200)
  keyword?: string;

  @ApiPropertyOptional({ default: 0, minimum: 0, maximum: WEEK_MS, description: 'The condition must hold for so long' })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(WEEK_MS)
  forMs?: number;

  @ApiPropertyOptional({
    ...{ type: Number, nullable: true, default: null, minimum: REPEAT_MS_MIN, maximum: MONTH_MS },
    description: 'Told again after so long until it is over or acknowledged; null = once',
  })
  @MayBeNull()
  @IsInt()
  @Min(REPEAT_MS_MIN)
  @Max(MONTH_MS)
  repeatMs?: number | null;

  @ApiPropertyOptional({
    ...{ type: String, format: 'date-time', nullable: true, default: null },
    description: 'Until then nothing begins and nothing is repeated; the end of what was told is told all the same',
  })
  @MayBeNull()
  @IsTime()
  pauseUntil?: string | null;

  @ApiPropertyOptional({ type: AlarmScopeDto, nullable: true, default: null, description: 'null = all pipelines' })
  @MayBeNull()
  @IsObject()
  @ValidateNested()
  @Type(() => AlarmScopeDto)
  scope?: AlarmScopeDto | null;

  @ApiPropertyOptional({
    ...{ type: ScheduleDto, nullable: true, default: null },
    description: 'Outside of the windows it is as if the rule were paused; null = always',
  })
  @MayBeNull()
  @IsObject()
  @ValidateNested()
  @Type(() => ScheduleDto)
  schedule?: ScheduleDto | null;

  @ApiPropertyOptional({ type: [String], default: [], maxItems: RECEIVERS_MAX })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(RECEIVERS_MAX)
  @ArrayUnique()
  @Matches(ID, ID_PROBLEM)
  receiverIds?: string[];

  @ApiPropertyOptional({
    ...{ type: RecoveryDto, nullable: true, default: null },
    description:
      'What is done about the pipeline, unless a person has halted it or acknowledged the alarm; null = nothing',
  })
  @MayBeNull()
  @IsObject()
  @ValidateNested()
  @Type(() => RecoveryDto)
  recovery?: RecoveryDto | null;
}

export class AlarmRulePatchDto extends AlarmRuleFields {
  @ApiPropertyOptional({ example: 'Berlin is late', minLength: 1, maxLength: 100 })
  @MayBeAbsent()
  @IsName()
  name?: string;
}

export class AlarmRuleCreateDto extends AlarmRuleFields {
  @ApiProperty({ example: 'Berlin is late', minLength: 1, maxLength: 100 })
  @IsName()
  name!: string;

  @ApiProperty({ enum: ALARM_KIND_NAMES, description: KINDS_TOLD })
  @IsIn(ALARM_KIND_NAMES)
  kind!: AlarmKind;
}

export const RULE_STATES = ['disabled', 'broken', 'firing', 'unknown', 'pending', 'ok'] as const;

export class AlarmRuleDto extends ResourceDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ALARM_KIND_NAMES })
  kind!: AlarmKind;

  @ApiProperty({ enum: SEVERITIES })
  severity!: Severity;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty()
  threshold!: number;

  @ApiProperty({ description: 'Of the threshold' })
  unit!: string;

  @ApiProperty({ type: String, nullable: true })
  keyword!: string | null;

  @ApiProperty()
  forMs!: number;

  @ApiProperty({ type: Number, nullable: true })
  repeatMs!: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  pauseUntil!: string | null;

  @ApiProperty({ type: AlarmScopeDto, nullable: true })
  scope!: AlarmScope | null;

  @ApiProperty({ type: ScheduleDto, nullable: true })
  schedule!: Schedule | null;

  @ApiProperty({ type: [String] })
  receiverIds!: readonly string[];

  @ApiProperty({ type: RecoveryDto, nullable: true })
  recovery!: Recovery | null;

  @ApiProperty({
    enum: RULE_STATES,
    description:
      "'broken' = it cannot be evaluated (see problem), others go on; 'unknown' = what it watches cannot be read",
  })
  state!: (typeof RULE_STATES)[number];

  @ApiProperty({ type: String, nullable: true, description: 'Why it is broken' })
  problem!: string | null;

  @ApiProperty({ description: 'Alarms that are not resolved, by state' })
  alarms!: Readonly<Record<string, number>>;
}

export class AlarmRuleListDto {
  @ApiProperty({ type: [AlarmRuleDto] })
  items!: AlarmRuleDto[];

  @ApiProperty()
  total!: number;
}
