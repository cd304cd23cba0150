import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { ResourceDto } from '../http/resource.dto.ts';

export class TokenCreateDto {
  @ApiProperty({ example: 'deploy-script', description: 'Appears as author of what the token does' })
  @IsString()
  @Length(1, 100)
  name!: string;
}

export class TokenDto extends ResourceDto {
  @ApiProperty()
  name!: string;
}

export class TokenCreatedDto extends TokenDto {
  @ApiProperty({ description: 'Shown this once; only its hash is kept' })
  token!: string;
}

export class TokenListDto {
  @ApiProperty({ type: [TokenDto] })
  items!: TokenDto[];

  @ApiProperty()
  total!: number;
}
