import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { PageQuery } from '../http/list-query.dto.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
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

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'Name of the token' })
  who!: string;

  @ApiProperty({ enum: ['create', 'update', 'delete', 'command'] })
  action!: AuditAction;

  @ApiProperty({
    enum: [
      'channel',
      'pipeline',
      'mapping',
      'data-source',
      'token',
      'command',
      'instance',
      'dead-letter',
      'conflict',
      'alarm',
      'alarm-rule',
      'receiver',
      'system-parameters',
    ],
  })
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
