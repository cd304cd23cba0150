import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, Matches, ValidateIf } from 'class-validator';
import { ROLES } from '../access/role.ts';
import type { Role } from '../access/role.ts';
import { ChannelIds, CHANNELS_MAX } from '../access/channel-ids.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';

const PASSWORD_CHARS_MIN = 12;
const PASSWORD_CHARS_MAX = 256;
const PASSWORD = {
  writeOnly: true,
  minLength: PASSWORD_CHARS_MIN,
  maxLength: PASSWORD_CHARS_MAX,
  description: 'Kept as a scrypt hash; never shown. Must not contain the name',
};
/** No blanks at the ends, which nobody sees, and no control characters. */
const NAME = /^(?!\s)[^\p{Cc}]*(?<!\s)$/u;
const NAME_PROBLEM = { message: 'name must not begin or end with a blank, nor contain control characters' };

export class UserCreateDto {
  @ApiProperty({ example: 'anna' })
  @IsString()
  @Length(1, 100)
  @Matches(NAME, NAME_PROBLEM)
  name!: string;

  @ApiProperty(PASSWORD)
  @IsString()
  @Length(PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX)
  password!: string;

  @ApiProperty({ enum: ROLES })
  @IsIn(ROLES)
  role!: Role;

  @ApiPropertyOptional({
    type: [String],
    maxItems: CHANNELS_MAX,
    description: 'The user sees and changes only these channels and what belongs to them. Left out = everything',
  })
  @MayBeAbsent()
  @ChannelIds()
  channelIds?: string[];
}

export class UserPatchDto {
  @ApiPropertyOptional({ ...PASSWORD, description: 'Sets another password and ends all sessions of the user' })
  @MayBeAbsent()
  @IsString()
  @Length(PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX)
  password?: string;

  @ApiPropertyOptional({ enum: ROLES, description: 'Counts from the next request on' })
  @MayBeAbsent()
  @IsIn(ROLES)
  role?: Role;

  @ApiPropertyOptional({ type: [String], maxItems: CHANNELS_MAX, nullable: true, description: 'null = everything' })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @ChannelIds()
  channelIds?: string[] | null;
}

export class UserDto extends ResourceDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ROLES })
  role!: Role;

  @ApiProperty({ type: [String], nullable: true, description: 'null = everything' })
  channelIds!: readonly string[] | null;
}

export class UserListDto {
  @ApiProperty({ type: [UserDto] })
  items!: UserDto[];

  @ApiProperty()
  total!: number;
}

export class PasswordChangeDto {
  @ApiProperty({ writeOnly: true, description: 'The password of now' })
  @IsString()
  @Length(1, PASSWORD_CHARS_MAX)
  current!: string;

  @ApiProperty(PASSWORD)
  @IsString()
  @Length(PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX)
  password!: string;
}
