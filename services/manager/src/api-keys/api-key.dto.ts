import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { ChannelIds, CHANNELS_MAX } from '../access/channel-ids.decorator.ts';
import { ROLES } from '../access/role.ts';
import type { Role } from '../access/role.ts';
import { IsName } from '../http/is-name.decorator.ts';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';

/** A key stays what it was made as: another role or scope is another key. */
export class ApiKeyCreateDto {
  @ApiProperty({ example: 'deploy-script', description: 'Appears as author of what the key does' })
  @IsName()
  name!: string;

  @ApiProperty({
    enum: ROLES,
    example: 'operator',
    description: 'viewer looks; operator also commands, retries and discards; admin also configures',
  })
  @IsIn(ROLES)
  role!: Role;

  @ApiPropertyOptional({
    type: [String],
    maxItems: CHANNELS_MAX,
    description: 'The key sees and changes only these channels and what belongs to them. Left out = everything',
  })
  @MayBeAbsent()
  @ChannelIds()
  channelIds?: string[];

  @ApiPropertyOptional({
    format: 'date-time',
    description: 'The key counts for nothing from then on. Left out = never',
  })
  @MayBeAbsent()
  @IsTime()
  expiresAt?: string;
}

export class ApiKeyDto extends ResourceDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'lutra_Zx81Qa',
    description: 'First characters; null = made by a version that did not keep them',
  })
  prefix!: string | null;

  @ApiProperty({ enum: ROLES })
  role!: Role;

  @ApiProperty({ type: [String], nullable: true, description: 'null = everything' })
  channelIds!: readonly string[] | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null = never' })
  expiresAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'To the minute; null = never' })
  lastUsedAt!: string | null;
}

export class ApiKeyCreatedDto extends ApiKeyDto {
  @ApiProperty({ description: 'The key itself, shown this once; only its hash is kept' })
  token!: string;
}

export class ApiKeyListDto {
  @ApiProperty({ type: [ApiKeyDto] })
  items!: ApiKeyDto[];

  @ApiProperty()
  total!: number;
}
