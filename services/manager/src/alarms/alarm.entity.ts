import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AlarmEvent } from '@lutra/model';
import type { FiredAs, Notification, Severity } from '../receivers/notification.ts';
import { jsonColumn, suspectJsonColumn } from '../store/json-column.ts';
import type { AlarmKind } from './alarm-kind.ts';
import type { AlarmState } from './step-alarm.ts';

/** One alarm of one rule about one subject, from its first sign to its end. What it says of the rule is as it was then. */
@Entity({ name: 'alarm' })
export class AlarmEntity {
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  /** Grows when the state changes; the API's ETag. */
  @Column({ type: 'int', unsigned: true })
  version!: number;

  /** Rule and subject while it is open, null afterwards: there is one open alarm of each at most. */
  @Column({ name: 'open_key', type: 'varchar', length: 191, nullable: true })
  openKey!: string | null;

  @Column({ name: 'rule_id', type: 'char', length: 26 })
  ruleId!: string;

  @Column({ name: 'rule_name', type: 'varchar', length: 100 })
  ruleName!: string;

  @Column({ type: 'varchar', length: 32 })
  kind!: AlarmKind;

  @Column({ type: 'varchar', length: 16 })
  severity!: Severity;

  @Column({ type: 'double' })
  threshold!: number;

  @Column({ name: 'subject_id', type: 'varchar', length: 128 })
  subjectId!: string;

  /** 'pipeline berlin-lisbon' */
  @Column({ type: 'varchar', length: 255 })
  subject!: string;

  /** Null = its subject is no pipeline. */
  @Column({ name: 'pipeline_id', type: 'char', length: 26, nullable: true })
  pipelineId!: string | null;

  @Column({ type: 'varchar', length: 16 })
  state!: AlarmState;

  @Column({ type: 'datetime', precision: 3 })
  since!: Date;

  @Column({ name: 'fired_at', type: 'datetime', precision: 3, nullable: true })
  firedAt!: Date | null;

  @Column({ name: 'told_at', type: 'datetime', precision: 3, nullable: true })
  toldAt!: Date | null;

  @Column({ type: 'int', unsigned: true })
  tellings!: number;

  @Column({ name: 'resolved_at', type: 'datetime', precision: 3, nullable: true })
  resolvedAt!: Date | null;

  @Column({ name: 'current_value', type: 'double', nullable: true })
  value!: number | null;

  @Column({ type: 'varchar', length: 1000 })
  message!: string;

  @Column({ name: 'unknown_reason', type: 'varchar', length: 1000, nullable: true })
  unknownReason!: string | null;

  @Column({ name: 'acknowledged_by', type: 'varchar', length: 100, nullable: true })
  acknowledgedBy!: string | null;

  @Column({ name: 'acknowledged_at', type: 'datetime', precision: 3, nullable: true })
  acknowledgedAt!: Date | null;

  @Column({ type: 'varchar', length: 1000, nullable: true })
  comment!: string | null;

  /** Who was told that it fires, and thus is told of its end. */
  @Column({ name: 'told_receiver_ids', type: 'longtext', transformer: jsonColumn })
  toldReceiverIds!: readonly string[];

  /** The last order that it gave its pipeline; null = none. */
  @Column({ name: 'last_order', type: 'varchar', length: 16, nullable: true })
  lastOrder!: 'RESTART' | 'STOP' | null;

  /** Names under which it began to fire; null before that. */
  @Column({ name: 'fired_as', type: 'longtext', nullable: true, transformer: jsonColumn })
  firedAs!: FiredAs | null;
}

/** An order that a rule gives about its pipeline. */
export interface AlarmCommand {
  readonly kind: 'RESTART' | 'STOP';
  readonly pipelineId: string;
  /** The epoch that was seen: a later one is not touched. */
  readonly aboutEpoch: number;
  readonly reason: string;
  /** Name of the rule. */
  readonly rule: string;
}

/** What the event log is told; who tells it is known when it is done. */
export type AlarmNotice = Omit<AlarmEvent, 'who'>;

/** Stands where the id of a receiver does. */
export const EVENT_LOG = 'event-log';

/**
 * The outbox: what has to be told to whom, written in the transaction that changed the alarm. One row for each change and
 * receiver, one for the event log, and one without receiver for an order to the arbiter.
 */
@Entity({ name: 'alarm_delivery' })
export class AlarmDeliveryEntity {
  /** Sent along: the same at each try. */
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  @Column({ name: 'alarm_id', type: 'char', length: 26 })
  alarmId!: string;

  /** Number of the telling: one receiver hears them in their order. */
  @Column({ type: 'int', unsigned: true })
  sequence!: number;

  /** '' = the arbiter; {@link EVENT_LOG} = the event log. */
  @Column({ name: 'receiver_id', type: 'varchar', length: 26 })
  receiverId!: string;

  @Column({ type: 'longtext', transformer: suspectJsonColumn })
  body!: Notification | AlarmCommand | AlarmNotice;

  /** `dropped`: given up, `failure` says why. */
  @Column({ type: 'varchar', length: 16 })
  state!: 'waiting' | 'sent' | 'dropped';

  @Column({ type: 'int', unsigned: true })
  attempts!: number;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'next_attempt_at', type: 'datetime', precision: 3 })
  nextAttemptAt!: Date;

  @Column({ name: 'sent_at', type: 'datetime', precision: 3, nullable: true })
  sentAt!: Date | null;

  @Column({ type: 'varchar', length: 1000 })
  failure!: string;
}
