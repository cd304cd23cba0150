import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsString, Length } from 'class-validator';
import { PageQuery } from '../http/list-query.dto.ts';
import { IsTime } from '../http/is-time.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';

/** Which loaded processes: the newest 10 000 of a pipeline are kept, for a day; empty ones are not. */
export class ProcessQuery extends PageQuery {
  @ApiProperty({ example: '01JD2Z5V5V5V5V5V5V5V5V5V5V' })
  @IsString()
  @Length(26, 26)
  pipelineId!: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Loaded since; default: a day before `to`' })
  @MayBeAbsent()
  @IsTime()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Loaded until; default: now' })
  @MayBeAbsent()
  @IsTime()
  to?: string;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Those first that took longest, instead of the newest',
  })
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  slowest: boolean = false;
}
