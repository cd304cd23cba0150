import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PipelineDefinition } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';

/**
 * The outbox: the newest revision of each pipeline, written in the transaction that made it. `isPublished` turns true when
 * the bus has it; a removed pipeline stays here as `isRemoved` until the bus and ZooKeeper have forgotten it.
 */
@Entity({ name: 'definition' })
export class DefinitionEntity {
  @PrimaryColumn({ name: 'pipeline_id', type: 'char', length: 26 })
  pipelineId!: string;

  @Column({ type: 'int', unsigned: true })
  revision!: number;

  @Column({ type: 'longtext', transformer: jsonColumn })
  body!: PipelineDefinition;

  @Column({ name: 'is_published', type: 'boolean' })
  isPublished!: boolean;

  @Column({ name: 'is_removed', type: 'boolean' })
  isRemoved!: boolean;
}
