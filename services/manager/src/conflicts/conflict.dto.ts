import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { CONFLICT_DECISIONS, CONFLICT_TYPES } from '@lutra/model';
import type { ConflictDecision, ConflictType } from '@lutra/model';
import type { JsonImage } from '@lutra/sql';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { TargetListQuery, UnavailableTargetDto } from '../targets/target-list.dto.ts';

const IMAGE =
  'By column name, in the form of dead letters; {"length": …, "sha256": …} stands for a value that was too large to keep';

export class ConflictQuery extends TargetListQuery {
  @ApiPropertyOptional({ enum: CONFLICT_TYPES })
  @MayBeAbsent()
  @IsIn(CONFLICT_TYPES)
  type?: ConflictType;

  @ApiPropertyOptional({ enum: CONFLICT_DECISIONS })
  @MayBeAbsent()
  @IsIn(CONFLICT_DECISIONS)
  decision?: ConflictDecision;
}

/** A row that was not at the target as the source said, and what was done about it. */
export class ConflictDto {
  @ApiProperty({ example: '01JD2Z5V5V5V5V5V5V5V5V5V5V.4711', description: 'Pipeline, and number at its target' })
  id!: string;

  @ApiProperty()
  pipelineId!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty()
  epoch!: number;

  @ApiProperty()
  process!: number;

  @ApiProperty({ description: 'Source transaction' })
  gtid!: string;

  @ApiProperty({ description: 'Rows event of the transaction, from 0' })
  event!: number;

  @ApiProperty({ description: 'Row of the event, from 0' })
  row!: number;

  @ApiProperty({ description: 'Of several rows that one source row became, from 0' })
  part!: number;

  @ApiProperty({ description: 'At the target' })
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({ enum: CONFLICT_TYPES })
  type!: ConflictType;

  @ApiProperty({ enum: CONFLICT_DECISIONS })
  decision!: ConflictDecision;

  @ApiProperty({ type: Object, description: IMAGE })
  key!: JsonImage;

  @ApiProperty({ type: Object, nullable: true, description: 'As the source had the row before' })
  before!: JsonImage | null;

  @ApiProperty({ type: Object, nullable: true, description: 'As the source has it' })
  after!: JsonImage | null;

  @ApiProperty({ type: Object, nullable: true, description: 'As it was found at the target' })
  found!: JsonImage | null;
}

export class ConflictListDto {
  @ApiProperty({ type: [ConflictDto] })
  items!: ConflictDto[];

  @ApiProperty()
  total!: number;

  @ApiProperty({
    type: [UnavailableTargetDto],
    description: 'Targets that could not be asked; with pipelineId that is an error',
  })
  unavailable!: UnavailableTargetDto[];
}
