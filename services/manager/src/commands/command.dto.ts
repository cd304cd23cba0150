import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Length, Matches, MaxLength } from 'class-validator';
import { COMMAND_KINDS } from '@lutra/model';
import type { CommandKind, Seats } from '@lutra/model';
import { PageQuery } from '../http/list-query.dto.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';

/** Blanks say nothing: whoever reads the list at night wants to know why. */
const SAYS_SOMETHING = { message: 'reason must say why: at least one character that is not a blank' };

export class CommandRequestDto {
  @ApiProperty({ enum: COMMAND_KINDS, description: 'WARNING only tells: nothing is scheduled by it' })
  @IsIn(COMMAND_KINDS)
  kind!: CommandKind;

  @ApiProperty({ example: 'first start', maxLength: 500, description: 'Shown with the state that follows' })
  @IsString()
  @Length(1, 500)
  @Matches(/\S/, SAYS_SOMETHING)
  reason!: string;

  @ApiPropertyOptional({
    description: 'RESTART only: lets the window empty first (at most 30 s), so that nothing is repeated',
    default: false,
  })
  @MayBeAbsent()
  @IsBoolean()
  graceful?: boolean;

  @ApiPropertyOptional({ description: 'START only: without the pre-check, which may find errors', default: false })
  @MayBeAbsent()
  @IsBoolean()
  force?: boolean;
}

export const MOVED_STAGES = ['select', 'load'] as const;

export class MoveRequestDto {
  @ApiProperty({ enum: MOVED_STAGES, description: 'select = the mainstem, load = the loader' })
  @IsIn(MOVED_STAGES)
  stage!: (typeof MOVED_STAGES)[number];

  @ApiProperty({ example: 'load-2', description: 'A live instance of that service' })
  @IsString()
  @Length(1, 128)
  instance!: string;

  @ApiProperty({ example: 'load-1 gets new memory', maxLength: 500 })
  @IsString()
  @Length(1, 500)
  @Matches(/\S/, SAYS_SOMETHING)
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

export const COMMAND_OUTCOMES = ['unsent', 'issued', 'applied', 'void', 'repeated'] as const;

export class CommandDto extends CommandAcceptedDto {
  @ApiProperty({ enum: COMMAND_KINDS })
  kind!: CommandKind;

  @ApiProperty()
  reason!: string;

  @ApiProperty({ description: 'Name of the token; of stages and of the arbiter: the instance, or arbiter' })
  author!: string;

  @ApiProperty({ format: 'date-time' })
  issuedAt!: string;

  @ApiProperty({
    enum: COMMAND_OUTCOMES,
    description:
      "'issued' until the arbiter has decided; 'applied' = the permit is as it wants; 'repeated' = it was so already; " +
      "'void' = the epoch it was about has passed, or a later command has taken its place; 'unsent' = the bus did not take it",
  })
  outcome!: (typeof COMMAND_OUTCOMES)[number];

  @ApiPropertyOptional({ format: 'date-time' })
  decidedAt?: string;

  @ApiPropertyOptional({ description: 'RESTART that lets the window empty first' })
  graceful?: boolean;

  @ApiPropertyOptional({ description: 'START without the pre-check' })
  force?: boolean;

  @ApiPropertyOptional({ type: Object, description: 'RESTART that moves leases: who is to hold mainstem and loader' })
  seats?: Seats;
}

export class CommandListQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only commands to this pipeline' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(26)
  pipelineId?: string;

  @ApiPropertyOptional({ enum: COMMAND_KINDS })
  @MayBeAbsent()
  @IsIn(COMMAND_KINDS)
  kind?: CommandKind;

  @ApiPropertyOptional({ description: 'Only those of this token' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(100)
  author?: string;
}

/** Commands that came through the API, newest first. */
export class CommandListDto {
  @ApiProperty({ type: [CommandDto] })
  items!: CommandDto[];

  @ApiProperty()
  total!: number;
}
