import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ChannelCommand, Command, CommandEvent, CommandKind } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';

/** A command that came through the API. The audit entry says the same for ever; this row also what became of it. */
@Entity({ name: 'command' })
export class CommandEntity {
  /** ULID; with the pipeline's behind it for the part of a channel's command. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  id!: string;

  @Column({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'varchar', length: 16 })
  kind!: CommandKind;

  @Column({ type: 'varchar', length: 100 })
  author!: string;

  @Column({ name: 'issued_at', type: 'datetime', precision: 3 })
  issuedAt!: Date;

  /** As it goes to the arbiter. */
  @Column({ type: 'longtext', transformer: jsonColumn })
  body!: Command;

  /** The channel's command that this is a part of. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  whole!: ChannelCommand | null;

  /** Whose request this is, when the client named it: a repeat of the request finds the command instead of making another. */
  @Column({ name: 'request_key', type: 'char', length: 64, nullable: true })
  requestKey!: string | null;

  /** Hash of what was asked for under that key. */
  @Column({ name: 'request_hash', type: 'char', length: 64, nullable: true })
  requestHash!: string | null;

  /** The bus has it. */
  @Column({ name: 'is_sent', type: 'boolean' })
  isSent!: boolean;

  /** Null until the event log has told it. */
  @Column({ type: 'varchar', length: 16, nullable: true })
  outcome!: Exclude<CommandEvent['outcome'], 'issued'> | null;

  @Column({ name: 'decided_at', type: 'datetime', precision: 3, nullable: true })
  decidedAt!: Date | null;
}
