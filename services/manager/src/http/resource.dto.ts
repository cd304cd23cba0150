import { ApiProperty } from '@nestjs/swagger';
import type { Plain } from './plain.ts';
import type { StoredResource } from '../store/stored-resource.ts';

/** What every stored resource shows. */
export class ResourceDto {
  @ApiProperty({ example: '01JD2Z5V5V5V5V5V5V5V5V5V5V' })
  id!: string;

  @ApiProperty({
    description: 'Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile',
  })
  version!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export const resourceDtoOf = ({ id, version, createdAt, updatedAt }: StoredResource): Plain<ResourceDto> => ({
  id,
  version,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
