import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { FINDING_CODES, PLACES, SEVERITIES } from './finding.ts';
import type { FindingCode, Place, Severity } from './finding.ts';

export class FindingSubjectDto {
  @ApiProperty({ enum: PLACES })
  place!: Place;

  @ApiPropertyOptional({ example: 'shop' })
  schema?: string;

  @ApiPropertyOptional({ example: 'orders' })
  table?: string;

  @ApiPropertyOptional({ example: 'note' })
  column?: string;

  @ApiPropertyOptional({
    description: 'A variable, a key, a trigger, a mapping, a stream, or the rights that are missing',
  })
  name?: string;
}

export class MendingStatementDto {
  @ApiProperty({ enum: PLACES, description: 'Where it is run; at the bus it is a command of the nats tool' })
  at!: Place;

  @ApiProperty({ example: "SET GLOBAL binlog_row_image = 'FULL'" })
  sql!: string;
}

export class PreCheckFindingDto {
  @ApiProperty({
    enum: FINDING_CODES,
    example: 'ROW_IMAGE_PARTIAL',
    description: 'Stable; docs/pre-check.md tells more',
  })
  code!: FindingCode;

  @ApiProperty({ enum: SEVERITIES, description: 'error: START is refused without force' })
  severity!: Severity;

  @ApiProperty({ type: FindingSubjectDto })
  subject!: FindingSubjectDto;

  @ApiProperty()
  explanation!: string;

  @ApiProperty({
    type: [MendingStatementDto],
    description: 'What mends it, to be run in this order; empty = no statement does',
  })
  statements!: readonly MendingStatementDto[];
}

export class ColumnCountsDto {
  @ApiProperty({ description: 'Declared alike' })
  same!: number;

  @ApiProperty({ description: 'The target holds every value' })
  wider!: number;

  @ApiProperty({ description: 'The target refuses some values' })
  narrower!: number;

  @ApiProperty({ description: 'The target would change values, or takes hardly any' })
  incompatible!: number;
}

export class PreCheckDto {
  @ApiProperty()
  pipelineId!: string;

  @ApiProperty({ format: 'date-time' })
  checkedAt!: string;

  @ApiProperty({ description: 'Revision of the pipeline that was checked' })
  revision!: number;

  @ApiProperty({ description: 'No finding is an error: START is not refused' })
  mayStart!: boolean;

  @ApiProperty({ type: [PreCheckFindingDto], description: 'Errors first; at most 1000' })
  findings!: readonly PreCheckFindingDto[];

  @ApiProperty({ description: 'Findings altogether' })
  total!: number;

  @ApiProperty({ type: ColumnCountsDto, description: 'Columns that were compared, by what came of it' })
  columns!: ColumnCountsDto;
}
