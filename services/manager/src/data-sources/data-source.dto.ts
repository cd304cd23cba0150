import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { DataSourceDefinition, ServerAddress } from '@lutra/model';
import { ChannelIds, CHANNELS_MAX } from '../access/channel-ids.decorator.ts';
import { IsName } from '../http/is-name.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';
import type { DataSourceKind } from './data-source.entity.ts';

const KINDS: readonly DataSourceKind[] = ['mysql', 'mariadb', 'oracle'];
const TLS_MODES: readonly DataSourceDefinition['tls'][] = ['disabled', 'required', 'verifyCa', 'verifyIdentity'];
const HOST = /^[\w.:-]{1,255}$/;
const HOST_PROBLEM = { message: 'host must be a host name or an address, without port' };
/** Names that stand in a connect descriptor as they are. */
const ORACLE_NAME = /^[\w$#.-]{1,128}$/;
const ORACLE_NAME_PROBLEM = { message: '$property must be letters, digits, _, $, #, . and -, at most 128' };
const CA_CHARS_MAX = 60_000;
/** Each of them may be asked in turn, ten seconds long, before a source counts as gone. */
const STANDBYS_MAX = 16;
const STANDBYS = {
  maxItems: STANDBYS_MAX,
  description:
    'Other servers of the same group, with the same user, password and TLS: a pipeline that reads this data source goes on at them, in this order',
};
const CHANNELS = {
  maxItems: CHANNELS_MAX,
  description:
    'Who is limited to one of these channels sees the data source and may build pipelines of it, also when no pipeline there uses it yet',
};

export class ServerAddressDto implements ServerAddress {
  @ApiProperty({ example: 'db2.example.com' })
  @Matches(HOST, HOST_PROBLEM)
  host!: string;

  @ApiProperty({ example: 3306, minimum: 1, maximum: 65_535 })
  @IsInt()
  @Min(1)
  @Max(65_535)
  port!: number;
}

export class DataSourceCreateDto {
  @ApiProperty({ example: 'shop-berlin' })
  @IsName()
  name!: string;

  @ApiProperty({ enum: KINDS })
  @IsIn(KINDS)
  kind!: DataSourceKind;

  @ApiProperty({ example: 'db1.example.com' })
  @Matches(HOST, HOST_PROBLEM)
  host!: string;

  @ApiProperty({ example: 3306, minimum: 1, maximum: 65_535 })
  @IsInt()
  @Min(1)
  @Max(65_535)
  port!: number;

  @ApiPropertyOptional({ example: 'FREEPDB1', description: 'Only with kind oracle: either serviceName or sid' })
  @MayBeAbsent()
  @Matches(ORACLE_NAME, ORACLE_NAME_PROBLEM)
  serviceName?: string;

  @ApiPropertyOptional({ example: 'ORCL', description: 'Only with kind oracle: either serviceName or sid' })
  @MayBeAbsent()
  @Matches(ORACLE_NAME, ORACLE_NAME_PROBLEM)
  sid?: string;

  @ApiProperty({ example: 'lutra' })
  @IsString()
  @Length(1, 128)
  user!: string;

  @ApiProperty({ writeOnly: true, description: 'Kept encrypted; never shown again' })
  @IsString()
  @MaxLength(1000)
  password!: string;

  @ApiPropertyOptional({ enum: TLS_MODES, default: 'disabled' })
  @MayBeAbsent()
  @IsIn(TLS_MODES)
  tls?: DataSourceDefinition['tls'];

  @ApiPropertyOptional({ description: 'Certificates of the authority, PEM' })
  @MayBeAbsent()
  @IsString()
  @Length(1, CA_CHARS_MAX)
  tlsCa?: string;

  @ApiPropertyOptional({
    description: 'What Lutra shows to a server that asks for a certificate, PEM; together with tlsKey',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, CA_CHARS_MAX)
  tlsCert?: string;

  @ApiPropertyOptional({
    writeOnly: true,
    description: 'Private key of tlsCert, PEM without a pass phrase. Kept encrypted; never shown again',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, CA_CHARS_MAX)
  tlsKey?: string;

  @ApiPropertyOptional({ type: [ServerAddressDto], ...STANDBYS })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(STANDBYS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ServerAddressDto)
  standbys?: ServerAddressDto[];

  @ApiPropertyOptional({ type: [String], ...CHANNELS })
  @MayBeAbsent()
  @ChannelIds(0)
  channelIds?: string[];
}

export class DataSourcePatchDto {
  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsName()
  name?: string;

  @ApiPropertyOptional({ enum: KINDS })
  @MayBeAbsent()
  @IsIn(KINDS)
  kind?: DataSourceKind;

  @ApiPropertyOptional()
  @MayBeAbsent()
  @Matches(HOST, HOST_PROBLEM)
  host?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 65_535 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(65_535)
  port?: number;

  @ApiPropertyOptional({ example: 'FREEPDB1', description: 'Only with kind oracle: either serviceName or sid' })
  @MayBeAbsent()
  @Matches(ORACLE_NAME, ORACLE_NAME_PROBLEM)
  serviceName?: string;

  @ApiPropertyOptional({ example: 'ORCL', description: 'Only with kind oracle: either serviceName or sid' })
  @MayBeAbsent()
  @Matches(ORACLE_NAME, ORACLE_NAME_PROBLEM)
  sid?: string;

  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsString()
  @Length(1, 128)
  user?: string;

  @ApiPropertyOptional({ writeOnly: true, description: 'Left out = stays as it is' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  password?: string;

  @ApiPropertyOptional({ enum: TLS_MODES })
  @MayBeAbsent()
  @IsIn(TLS_MODES)
  tls?: DataSourceDefinition['tls'];

  @ApiPropertyOptional({ description: 'Certificates of the authority, PEM' })
  @MayBeAbsent()
  @IsString()
  @Length(1, CA_CHARS_MAX)
  tlsCa?: string;

  @ApiPropertyOptional({
    description:
      'What Lutra shows to a server that asks for a certificate, PEM; together with tlsKey; both empty = none any more',
  })
  @MayBeAbsent()
  @IsString()
  @Length(0, CA_CHARS_MAX)
  tlsCert?: string;

  @ApiPropertyOptional({
    writeOnly: true,
    description: 'Private key of tlsCert, PEM without a pass phrase. Kept encrypted; never shown again',
  })
  @MayBeAbsent()
  @IsString()
  @Length(0, CA_CHARS_MAX)
  tlsKey?: string;

  @ApiPropertyOptional({ type: [ServerAddressDto], ...STANDBYS })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(STANDBYS_MAX)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ServerAddressDto)
  standbys?: ServerAddressDto[];

  @ApiPropertyOptional({ type: [String], ...CHANNELS })
  @MayBeAbsent()
  @ChannelIds(0)
  channelIds?: string[];
}

/** Which server of the group shall be the first. */
export class DataSourceSwitchDto extends ServerAddressDto {
  @ApiPropertyOptional({
    default: false,
    description: 'Switch also when the server does not answer, or would not do for the pipelines that use it',
  })
  @MayBeAbsent()
  @IsBoolean()
  force?: boolean;
}

export class DataSourceDto extends ResourceDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: KINDS })
  kind!: DataSourceKind;

  @ApiProperty()
  host!: string;

  @ApiProperty()
  port!: number;

  @ApiPropertyOptional()
  serviceName?: string;

  @ApiPropertyOptional()
  sid?: string;

  @ApiProperty()
  user!: string;

  @ApiProperty({ enum: TLS_MODES })
  tls!: DataSourceDefinition['tls'];

  @ApiPropertyOptional()
  tlsCa?: string;

  @ApiPropertyOptional({ description: 'Its key is kept encrypted and never shown' })
  tlsCert?: string;

  @ApiProperty({ type: [ServerAddressDto], ...STANDBYS })
  standbys!: readonly ServerAddressDto[];

  @ApiProperty({ type: [String], ...CHANNELS })
  channelIds!: readonly string[];
}

export class DataSourceListDto {
  @ApiProperty({ type: [DataSourceDto] })
  items!: DataSourceDto[];

  @ApiProperty()
  total!: number;
}
