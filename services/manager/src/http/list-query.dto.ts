import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { MayBeAbsent } from './may-be-absent.ts';

export const SORTS = ['id', '-id', 'name', '-name', 'createdAt', '-createdAt', 'updatedAt', '-updatedAt'] as const;
export type Sort = (typeof SORTS)[number];

/** Page of a list without names. */
export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, default: 1 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  page: number = 1;

  @ApiPropertyOptional({ minimum: 1, maximum: 500, default: 50 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  pageSize: number = 50;
}

/** Page, filter and order of a list of named resources. */
export class ListQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only names that contain this text, in any case' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(100)
  name?: string;

  @ApiPropertyOptional({ enum: SORTS, default: 'id', description: 'A leading - turns the order round' })
  @IsIn(SORTS)
  sort: Sort = 'id';
}
