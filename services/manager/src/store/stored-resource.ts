import { Column, PrimaryColumn, VersionColumn } from 'typeorm';

/** Columns of everything that the API creates, changes and removes. Embedded by inheritance of columns only: no behaviour here. */
export abstract class StoredResource {
  /** ULID: sorts by time of creation. */
  @PrimaryColumn({ type: 'char', length: 26 })
  id!: string;

  /** Grows with each change; the API's ETag. */
  @VersionColumn({ type: 'int', unsigned: true })
  version!: number;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'datetime', precision: 3 })
  updatedAt!: Date;
}
