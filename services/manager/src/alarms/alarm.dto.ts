import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, MaxLength } from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { PageQuery } from '../http/list-query.dto.ts';
import { SEVERITIES } from '../receivers/notification.ts';
import type { Severity } from '../receivers/notification.ts';
import { ALARM_KIND_NAMES } from './alarm-kind.ts';
import type { AlarmKind } from './alarm-kind.ts';
import { ALARM_STATES } from './step-alarm.ts';
import type { AlarmState } from './step-alarm.ts';

/** 'open' = all but resolved. */
export const STATE_FILTERS = ['open', ...ALARM_STATES] as const;

export class AlarmListQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATE_FILTERS, description: "'open' = all that are not resolved; absent = all" })
  @MayBeAbsent()
  @IsIn(STATE_FILTERS)
  state?: (typeof STATE_FILTERS)[number];

  @ApiPropertyOptional({ enum: ALARM_KIND_NAMES })
  @MayBeAbsent()
  @IsIn(ALARM_KIND_NAMES)
  kind?: AlarmKind;

  @ApiPropertyOptional({ enum: SEVERITIES })
  @MayBeAbsent()
  @IsIn(SEVERITIES)
  severity?: Severity;

  @ApiPropertyOptional({ description: 'Only those of this rule' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(26)
  ruleId?: string;

  @ApiPropertyOptional({ description: 'Only those about this pipeline' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(26)
  pipelineId?: string;
}

export class AcknowledgeDto {
  @ApiPropertyOptional({ example: 'the index is being built', maxLength: 1000 })
  @MayBeAbsent()
  @IsString()
  @Length(1, 1000)
  comment?: string;
}

export class AlarmDto {
  @ApiProperty()
  id!: string;

  @ApiProperty({ description: 'Grows when the state changes; also the ETag' })
  version!: number;

  @ApiProperty()
  ruleId!: string;

  @ApiProperty({ description: 'Name of the rule, then' })
  rule!: string;

  @ApiProperty({ enum: ALARM_KIND_NAMES })
  kind!: AlarmKind;

  @ApiProperty({ enum: SEVERITIES })
  severity!: Severity;

  @ApiProperty({
    enum: ALARM_STATES,
    description:
      "'unknown' = what is watched cannot be read; 'pending' = the condition holds, and nobody was told yet; " +
      "'firing' = it was told; 'acknowledged' = somebody has it, nothing is repeated; 'resolved' = it is over",
  })
  state!: AlarmState;

  @ApiProperty({ example: 'pipeline berlin-lisbon' })
  subject!: string;

  @ApiProperty({ description: 'Id of the pipeline, or name of the instance or stream' })
  subjectId!: string;

  @ApiProperty({ type: String, nullable: true })
  pipelineId!: string | null;

  @ApiProperty()
  threshold!: number;

  @ApiProperty({ description: 'Of value and threshold' })
  unit!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'Of the newest look' })
  value!: number | null;

  @ApiProperty()
  message!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Why the newest look could not say; null = it could' })
  unknownReason!: string | null;

  @ApiProperty({ format: 'date-time', description: 'When the condition began' })
  since!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  firedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  resolvedAt!: string | null;

  @ApiProperty({ description: 'How often it was told, the end included' })
  tellings!: number;

  @ApiProperty({ type: String, nullable: true })
  acknowledgedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  acknowledgedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  comment!: string | null;
}

export class AlarmListDto {
  @ApiProperty({ type: [AlarmDto] })
  items!: AlarmDto[];

  @ApiProperty()
  total!: number;
}

export class AlarmDeliveryDto {
  @ApiProperty({ description: 'Sent along, the same at each try' })
  id!: string;

  @ApiProperty({ enum: ['firing', 'repeat', 'resolved', 'unknown', 'RESTART', 'STOP', 'unreadable'] })
  what!: string;

  @ApiProperty({ type: String, nullable: true, description: 'null = an order to the arbiter' })
  receiverId!: string | null;

  @ApiProperty({ enum: ['waiting', 'sent', 'dropped'], description: "'dropped' = given up" })
  state!: 'waiting' | 'sent' | 'dropped';

  @ApiProperty()
  attempts!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  sentAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the newest try failed; null for who is limited to channels',
  })
  failure!: string | null;
}

export class AlarmDetailDto extends AlarmDto {
  @ApiProperty({ type: [AlarmDeliveryDto], description: 'Who was told what, newest last, at most 100' })
  deliveries!: AlarmDeliveryDto[];
}
