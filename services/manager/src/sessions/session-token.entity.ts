import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A token that a session has or had. Those it had stay as long as the session: one that comes again was copied. */
@Entity({ name: 'session_token' })
export class SessionTokenEntity {
  /** SHA-256 in hexadecimal. */
  @PrimaryColumn({ type: 'char', length: 64 })
  hash!: string;

  @Column({ name: 'session_id', type: 'char', length: 26 })
  sessionId!: string;

  @Column({ name: 'is_current', type: 'boolean' })
  isCurrent!: boolean;
}
