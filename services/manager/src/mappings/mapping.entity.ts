import { Column, Entity } from 'typeorm';
import type { ColumnSelection, ConflictPolicy, MappingDefinition } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';

@Entity({ name: 'mapping' })
export class MappingEntity extends StoredResource {
  @Column({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'longtext', transformer: jsonColumn })
  source!: MappingDefinition['source'];

  @Column({ type: 'longtext', transformer: jsonColumn })
  target!: MappingDefinition['target'];

  @Column({ type: 'longtext', transformer: jsonColumn })
  columns!: ColumnSelection;

  /** Null = overwrite. */
  @Column({ name: 'on_conflict', type: 'longtext', nullable: true, transformer: jsonColumn })
  onConflict!: ConflictPolicy | null;

  @Column({ type: 'int' })
  weight!: number;
}
