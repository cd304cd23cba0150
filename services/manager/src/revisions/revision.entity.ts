import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PipelineDefinition, PipelineParameters } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';

/** A data source as a revision remembers it: where it is, and a mark that differs when anything of it does, the password included. */
export interface KeptDataSource {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly mark: string;
}

/** A compiled definition without secrets. */
export interface KeptDefinition extends Omit<PipelineDefinition, 'source' | 'target' | 'lookupSources'> {
  readonly source: KeptDataSource;
  readonly target: KeptDataSource;
  readonly lookupSources?: readonly KeptDataSource[];
}

/** What a rollback puts back: parameters as they were set (defaults left out), mappings as the store holds them. */
export interface KeptSettings {
  readonly parameters: Partial<PipelineParameters>;
  readonly mappings: readonly Readonly<Record<string, unknown>>[];
}

/** One revision of a pipeline: what it was, who made it, when and why. Rows are added and, when there are too many, removed. */
@Entity({ name: 'revision' })
export class RevisionEntity {
  @PrimaryColumn({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @PrimaryColumn({ type: 'int', unsigned: true })
  number!: number;

  @Column({ type: 'datetime', precision: 3 })
  at!: Date;

  @Column({ type: 'varchar', length: 100 })
  author!: string;

  /** '' = none. */
  @Column({ type: 'varchar', length: 500 })
  comment!: string;

  @Column({ type: 'longtext', transformer: jsonColumn })
  body!: KeptDefinition;

  @Column({ type: 'longtext', transformer: jsonColumn })
  settings!: KeptSettings;
}
