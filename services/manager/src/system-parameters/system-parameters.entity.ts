import { Column, Entity } from 'typeorm';
import { jsonColumn } from '../store/json-column.ts';
import { StoredResource } from '../store/stored-resource.ts';
import type { SystemParameterValues } from './system-parameter-catalogue.ts';

/** The one row that holds what was set for the whole installation. */
@Entity({ name: 'system_parameters' })
export class SystemParametersEntity extends StoredResource {
  /** Only what was set; what is not there has its default. */
  @Column({ name: 'set_values', type: 'longtext', transformer: jsonColumn })
  set!: Partial<SystemParameterValues>;
}
