import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { PageQuery } from '../http/list-query.dto.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { AUDIT_ACTIONS } from './audit-entry.entity.ts';
import type { AuditAction } from './audit-entry.entity.ts';

export class AuditQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only what concerns the resource with this id' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(128)
  resourceId?: string;
}

export class AuditEntryDto {
  @ApiProperty()
  id!: string;

  @ApiProperty({ description: 'Place in the chain, from 1 without gaps' })
  number!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Id of the API key or user, where there was one' })
  whoId!: string | null;

  @ApiProperty({ description: 'Name of the API key or user' })
  who!: string;

  @ApiProperty({ enum: AUDIT_ACTIONS })
  action!: AuditAction;

  @ApiProperty({ example: 'pipeline', description: 'Kind of resource; token = API key in an earlier version' })
  resource!: string;

  @ApiProperty()
  resourceId!: string;

  @ApiProperty({ type: Object, nullable: true })
  before!: unknown;

  @ApiProperty({ type: Object, nullable: true })
  after!: unknown;
}

/** Newest first. */
export class AuditListDto {
  @ApiProperty({ type: [AuditEntryDto] })
  items!: AuditEntryDto[];

  @ApiProperty()
  total!: number;
}

export class AuditCheckQuery {
  @ApiPropertyOptional({ minimum: 0, default: 0, description: 'Begins behind the entry with this number' })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after: number = 0;
}

export class BrokenEntryDto {
  @ApiProperty()
  number!: number;

  @ApiProperty({ type: String, nullable: true, description: 'null = the entry is missing' })
  id!: string | null;

  @ApiProperty({ example: 'Entry 17 is missing' })
  problem!: string;
}

export class AuditHeadDto {
  @ApiProperty({ description: 'Number of the newest entry' })
  number!: number;

  @ApiProperty({ description: 'Its hash: kept elsewhere, it shows later whether the log was written anew' })
  hash!: string;
}

export class AuditCheckDto {
  @ApiProperty({ description: 'What was looked at is what was written' })
  isIntact!: boolean;

  @ApiProperty()
  after!: number;

  @ApiProperty()
  checkedCount!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Ask again with this as `after`; null = this was all' })
  next!: number | null;

  @ApiProperty({ type: BrokenEntryDto, nullable: true, description: 'The first entry that is wrong' })
  broken!: BrokenEntryDto | null;

  @ApiProperty({ type: AuditHeadDto })
  head!: AuditHeadDto;
}
