import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';
import type { Template } from './render-template.ts';

export const RECEIVER_KINDS = ['email', 'webhook', 'dingTalk', 'slack', 'alertmanager'] as const;
export type ReceiverKind = (typeof RECEIVER_KINDS)[number];

/** 'startTls' insists on it; 'implicit' is TLS from the first byte (port 465). */
export const MAIL_TLS_MODES = ['disabled', 'startTls', 'implicit'] as const;

export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: (typeof MAIL_TLS_MODES)[number];
  readonly tlsCa: string | null;
  readonly user: string;
  readonly sender: string;
  readonly recipients: readonly string[];
}

export interface HttpSettings {
  /** Scheme, host and port: the whole address may hold a secret, and is one here. A reference is shown as it is. */
  readonly origin: string;
  readonly tlsCa: string | null;
  readonly template: Template | null;
  readonly headerNames: readonly string[];
  readonly hasSecret: boolean;
}

/** What is sealed. An empty text = none. */
export interface ReceiverSecrets {
  /** E-mail. */
  readonly password: string;
  /** All others. */
  readonly url: string;
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
}

@Entity({ name: 'receiver' })
export class ReceiverEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'varchar', length: 16 })
  kind!: ReceiverKind;

  @Column({ name: 'is_enabled', type: 'boolean' })
  enabled!: boolean;

  /** Null unless the kind is e-mail. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  email!: EmailSettings | null;

  /** Null when the kind is e-mail. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  http!: HttpSettings | null;

  /** {@link ReceiverSecrets} as JSON, sealed under LUTRA_SECRET_KEY; never leaves the manager. */
  @Column({ name: 'secrets_sealed', type: 'mediumtext' })
  secretsSealed!: string;
}

/** How sending went. Beside the receiver: it changes often, and must not be in the way of a person who edits. */
@Entity({ name: 'receiver_state' })
export class ReceiverStateEntity {
  @PrimaryColumn({ name: 'receiver_id', type: 'char', length: 26 })
  receiverId!: string;

  @Column({ name: 'last_sent_at', type: 'datetime', precision: 3, nullable: true })
  lastSentAt!: Date | null;

  @Column({ name: 'last_failed_at', type: 'datetime', precision: 3, nullable: true })
  lastFailedAt!: Date | null;

  /** Code and sentence of the last failure; '' = none yet. */
  @Column({ name: 'failure_code', type: 'varchar', length: 64 })
  failureCode!: string;

  @Column({ name: 'failure_detail', type: 'varchar', length: 1000 })
  failureDetail!: string;

  /** Since the last success. */
  @Column({ name: 'failures_in_row', type: 'int', unsigned: true })
  failuresInRow!: number;
}
