import { Column, Entity } from 'typeorm';
import type { PipelineParameters, StartDefinition } from '@lutra/model';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';

@Entity({ name: 'pipeline' })
export class PipelineEntity extends StoredResource {
  @Column({ name: 'channel_id', type: 'char', length: 26 })
  channelId!: string;

  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ name: 'source_id', type: 'char', length: 26 })
  sourceId!: string;

  @Column({ name: 'target_id', type: 'char', length: 26 })
  targetId!: string;

  /** Only what was set, and since there are several always the lanes; defaults are added when a revision is compiled. */
  @Column({ type: 'longtext', transformer: jsonColumn })
  parameters!: Partial<PipelineParameters>;

  @Column({ type: 'longtext', transformer: jsonColumn })
  start!: StartDefinition;

  /** Newest revision that was compiled. */
  @Column({ type: 'int', unsigned: true })
  revision!: number;
}
