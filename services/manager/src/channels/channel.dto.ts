import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { IsName } from '../http/is-name.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';

export class ChannelCreateDto {
  @ApiProperty({ example: 'shop' })
  @IsName()
  name!: string;

  @ApiPropertyOptional({ maxLength: 1000 })
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  description?: string;
}

export class ChannelPatchDto {
  @ApiPropertyOptional()
  @MayBeAbsent()
  @IsName()
  name?: string;

  @ApiPropertyOptional({ maxLength: 1000 })
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  description?: string;
}

export class ChannelDto extends ResourceDto {
  @ApiProperty()
  name!: string;

  @ApiProperty()
  description!: string;
}

export class ChannelListDto {
  @ApiProperty({ type: [ChannelDto] })
  items!: ChannelDto[];

  @ApiProperty()
  total!: number;
}
