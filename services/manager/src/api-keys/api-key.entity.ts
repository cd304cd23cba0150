import { Column, Entity } from 'typeorm';
import type { Role } from '../access/role.ts';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';

@Entity({ name: 'api_key' })
export class ApiKeyEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  /** The first characters, by which a person knows the key again; null = made before they were kept. */
  @Column({ type: 'varchar', length: 16, nullable: true })
  prefix!: string | null;

  /** SHA-256 in hexadecimal. The key has 256 random bits, so that a slow hash would add nothing. */
  @Column({ type: 'char', length: 64 })
  hash!: string;

  @Column({ type: 'varchar', length: 16 })
  role!: Role;

  /** Channels that the key is limited to; null = all. */
  @Column({ name: 'channel_ids', type: 'longtext', nullable: true, transformer: jsonColumn })
  channelIds!: string[] | null;

  /** null = never. */
  @Column({ name: 'expires_at', type: 'datetime', precision: 3, nullable: true })
  expiresAt!: Date | null;

  /** At most a minute behind. */
  @Column({ name: 'last_used_at', type: 'datetime', precision: 3, nullable: true })
  lastUsedAt!: Date | null;
}
