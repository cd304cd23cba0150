import { Column, Entity } from 'typeorm';
import type { DatabaseKind, DataSourceDefinition, ServerAddress } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';

/** Oracle is kept and looked at; no pipeline may use it yet. */
export type DataSourceKind = DatabaseKind | 'oracle';

@Entity({ name: 'data_source' })
export class DataSourceEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'varchar', length: 16 })
  kind!: DataSourceKind;

  @Column({ type: 'varchar', length: 255 })
  host!: string;

  @Column({ type: 'int', unsigned: true })
  port!: number;

  @Column({ type: 'varchar', length: 128 })
  user!: string;

  /** Sealed under LUTRA_SECRET_KEY; never leaves the service except inside a published definition. */
  @Column({ name: 'password_sealed', type: 'text' })
  passwordSealed!: string;

  @Column({ type: 'varchar', length: 16 })
  tls!: DataSourceDefinition['tls'];

  @Column({ name: 'tls_ca', type: 'text', nullable: true })
  tlsCa!: string | null;

  /** Lutra's own certificate; there with its key only. */
  @Column({ name: 'tls_cert', type: 'text', nullable: true })
  tlsCert!: string | null;

  /** As the password. */
  @Column({ name: 'tls_key_sealed', type: 'text', nullable: true })
  tlsKeySealed!: string | null;

  /** What the listener of an Oracle database knows it by: one of both; null for all others. */
  @Column({ name: 'service_name', type: 'varchar', length: 128, nullable: true })
  serviceName!: string | null;

  @Column({ type: 'varchar', length: 128, nullable: true })
  sid!: string | null;

  /** Null in rows that are older than the column: none. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  standbys!: readonly ServerAddress[] | null;

  /** Channels whose admins may build pipelines of it, whether theirs use it already or not; null = none. */
  @Column({ name: 'channel_ids', type: 'longtext', nullable: true, transformer: jsonColumn })
  channelIds!: readonly string[] | null;
}
