import { Column, Entity } from 'typeorm';
import { StoredResource } from '../store/stored-resource.ts';

@Entity({ name: 'api_token' })
export class ApiTokenEntity extends StoredResource {
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  /** SHA-256 in hexadecimal. The token has 256 random bits, so that a slow hash would add nothing. */
  @Column({ type: 'char', length: 64 })
  hash!: string;
}
