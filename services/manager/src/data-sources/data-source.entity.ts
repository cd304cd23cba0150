import { Column, Entity } from 'typeorm';
import type { DatabaseKind, DataSourceDefinition } from '@lutra/model';
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
}
