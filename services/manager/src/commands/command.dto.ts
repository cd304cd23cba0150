import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';
import { COMMAND_KINDS } from '@lutra/model';
import type { CommandKind } from '@lutra/model';

export class CommandRequestDto {
  @ApiProperty({ enum: COMMAND_KINDS })
  @IsIn(COMMAND_KINDS)
  kind!: CommandKind;

  @ApiProperty({ example: 'first start', description: 'Shown with the state that follows' })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

/** The arbiter has the command; what became of it is told under its id. */
export class CommandAcceptedDto {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  pipelineId!: string;
}

export class CommandsAcceptedDto {
  @ApiProperty({ type: [CommandAcceptedDto] })
  items!: CommandAcceptedDto[];

  @ApiProperty()
  total!: number;
}

export const COMMAND_OUTCOMES = ['issued', 'applied', 'void', 'repeated'] as const;

export class CommandDto extends CommandAcceptedDto {
  @ApiProperty({ enum: COMMAND_KINDS })
  kind!: CommandKind;

  @ApiProperty()
  reason!: string;

  @ApiProperty()
  author!: string;

  @ApiProperty({ format: 'date-time' })
  issuedAt!: string;

  @ApiProperty({
    enum: COMMAND_OUTCOMES,
    description: "'issued' until the arbiter has decided; 'void' = the epoch it was about had passed",
  })
  outcome!: (typeof COMMAND_OUTCOMES)[number];

  @ApiPropertyOptional({ format: 'date-time' })
  decidedAt?: string;
}
