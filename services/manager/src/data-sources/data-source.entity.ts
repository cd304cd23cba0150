import { Column, Entity } from 'typeorm';
import type { DatabaseKind, DataSourceDefinition, ServerAddress } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';

@Entity({ name: 'data_source' })
export class DataSourceEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'varchar', length: 16 })
  kind!: DatabaseKind;

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

  /** Null in rows that are older than the column: none. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  standbys!: readonly ServerAddress[] | null;
}
