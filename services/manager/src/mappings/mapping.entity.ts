import { Column, Entity } from 'typeorm';
import type { ColumnSelection, ConflictPolicy, MappingDefinition, MappingRules, NamePattern } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';
import type { GivenSchema } from './schema-pattern.ts';

/** What a mapping covers, as it was given: stages know no ranges (compile-mapping.ts). */
export interface StoredSource {
  readonly schema: GivenSchema;
  readonly table: NamePattern | { readonly range: string };
}

@Entity({ name: 'mapping' })
export class MappingEntity extends StoredResource {
  @Column({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'longtext', transformer: jsonColumn })
  source!: StoredSource;

  @Column({ type: 'longtext', transformer: jsonColumn })
  target!: MappingDefinition['target'];

  @Column({ type: 'longtext', transformer: jsonColumn })
  columns!: ColumnSelection;

  /** Null = overwrite. */
  @Column({ name: 'on_conflict', type: 'longtext', nullable: true, transformer: jsonColumn })
  onConflict!: ConflictPolicy | null;

  @Column({ type: 'int' })
  weight!: number;

  /** Null = none. Masking keys in it are sealed, or references. */
  @Column({ type: 'longtext', nullable: true, transformer: jsonColumn })
  rules!: MappingRules | null;
}
