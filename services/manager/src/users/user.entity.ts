import { Column, Entity } from 'typeorm';
import type { Role } from '../access/role.ts';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';

@Entity({ name: 'user' })
export class UserEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'varchar', length: 16 })
  role!: Role;

  /** Channels that the user is limited to; null = all. */
  @Column({ name: 'channel_ids', type: 'longtext', nullable: true, transformer: jsonColumn })
  channelIds!: string[] | null;

  @Column({ name: 'password_hash', type: 'varchar', length: 255 })
  passwordHash!: string;
}
