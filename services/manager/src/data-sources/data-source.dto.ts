import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { DatabaseKind, DataSourceDefinition, ServerAddress } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';

const KINDS: readonly DatabaseKind[] = ['mysql', 'mariadb'];
const TLS_MODES: readonly DataSourceDefinition['tls'][] = ['disabled', 'required', 'verifyCa', 'verifyIdentity'];
const HOST = /^[\w.:-]{1,255}$/;
const HOST_PROBLEM = { message: 'host must be a host name or an address, without port' };
const CA_CHARS_MAX = 60_000;
/** Each of them may be asked in turn, ten seconds long, before a source counts as gone. */
const STANDBYS_MAX = 16;
const STANDBYS = {
  maxItems: STANDBYS_MAX,
  description:
    'Other servers of the same group, with the same user, password and TLS: a pipeline that reads this data source goes on at them, in this order',
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
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ enum: KINDS })
  @IsIn(KINDS)
  kind!: DatabaseKind;

  @ApiProperty({ example: 'db1.example.com' })
  @Matches(HOST, HOST_PROBLEM)
  host!: string;

  @ApiProperty({ example: 3306, minimum: 1, maximum: 65_535 })
  @IsInt()
  @Min(1)
  @Max(65_535)
  port!: number;

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

  @ApiPropertyOptional({ type: [ServerAddressDto], ...STANDBYS })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(STANDBYS_MAX)
  @ValidateNested({ each: true })
  @Type(() => ServerAddressDto)
  standbys?: ServerAddressDto[];
}

export class DataSourcePatchDto {
  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsString()
  @Length(1, 100)
  name?: string;

  @ApiPropertyOptional({ enum: KINDS })
  @MayBeAbsent()
  @IsIn(KINDS)
  kind?: DatabaseKind;

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

  @ApiPropertyOptional({ type: [ServerAddressDto], ...STANDBYS })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(STANDBYS_MAX)
  @ValidateNested({ each: true })
  @Type(() => ServerAddressDto)
  standbys?: ServerAddressDto[];
}

export class DataSourceDto extends ResourceDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: KINDS })
  kind!: DatabaseKind;

  @ApiProperty()
  host!: string;

  @ApiProperty()
  port!: number;

  @ApiProperty()
  user!: string;

  @ApiProperty({ enum: TLS_MODES })
  tls!: DataSourceDefinition['tls'];

  @ApiPropertyOptional()
  tlsCa?: string;

  @ApiProperty({ type: [ServerAddressDto], ...STANDBYS })
  standbys!: readonly ServerAddressDto[];
}

export class DataSourceListDto {
  @ApiProperty({ type: [DataSourceDto] })
  items!: DataSourceDto[];

  @ApiProperty()
  total!: number;
}
