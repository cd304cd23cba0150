import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A user who has logged in, until logged out, idle for too long, or at the end of the day. */
@Entity({ name: 'session' })
export class SessionEntity {
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  @Column({ name: 'user_id', type: 'char', length: 26 })
  userId!: string;

  /** At most a minute behind. */
  @Column({ name: 'last_used_at', type: 'datetime', precision: 3 })
  lastUsedAt!: Date;

  @Column({ name: 'ends_at', type: 'datetime', precision: 3 })
  endsAt!: Date;
}
