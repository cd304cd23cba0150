import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { ROLES } from '../access/role.ts';
import type { Role } from '../access/role.ts';

export class LoginDto {
  @ApiProperty({ example: 'anna' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ writeOnly: true })
  @IsString()
  @Length(1, 256)
  password!: string;
}

const KINDS = ['apiKey', 'user'] as const;

export class CallerDto {
  @ApiProperty({ enum: KINDS })
  kind!: (typeof KINDS)[number];

  @ApiProperty()
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ROLES })
  role!: Role;

  @ApiProperty({ type: [String], nullable: true, description: 'null = everything' })
  channelIds!: readonly string[] | null;
}

export class SessionStartedDto {
  @ApiProperty({ description: 'Sent as `Authorization: Bearer …`; only its hash is kept' })
  token!: string;

  @ApiProperty({ format: 'date-time', description: 'The session ends then, whatever happens' })
  endsAt!: string;

  @ApiProperty({ example: 1800, description: 'Seconds without a request after which the session ends' })
  idleS!: number;

  @ApiProperty({ type: CallerDto })
  caller!: CallerDto;
}
