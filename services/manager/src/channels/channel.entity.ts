import { Column, Entity } from 'typeorm';
import { StoredResource } from '../store/stored-resource.ts';

@Entity({ name: 'channel' })
export class ChannelEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'varchar', length: 1000 })
  description!: string;
}
