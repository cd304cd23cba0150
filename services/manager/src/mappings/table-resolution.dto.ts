import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import type { ColumnSelection } from '@lutra/model';
import { MappingRulesDto } from '../mapping-rules/mapping-rules.dto.ts';
import type { GivenRules } from '../mapping-rules/read-rules.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';
import { ColumnSelectionDto } from './mapping.dto.ts';

const KINDS = ['exact', 'range', 'regex'] as const;

export class ResolveQuery {
  @ApiProperty({ example: 'shop' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  schema!: string;

  @ApiProperty({ example: 'order_7', description: 'There need not be such a table' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  table!: string;
}

export class TargetTableDto {
  @ApiProperty()
  schema!: string;

  @ApiProperty()
  table!: string;
}

export class ResolvedMappingDto {
  @ApiProperty()
  mappingId!: string;

  @ApiProperty({ example: 'shop_[00-31]', description: 'The name, the range or the expression of its schemas' })
  schemaPattern!: string;

  @ApiProperty({ enum: KINDS, description: 'How it names the table' })
  by!: (typeof KINDS)[number];

  @ApiProperty({ example: '(order|item)_(\\d+)', description: 'The name, the range or the expression' })
  pattern!: string;

  @ApiProperty({
    example: 'the schema is shop, the table is in the range order_[1-9]',
    description: 'Why it covers the table',
  })
  reason!: string;

  @ApiProperty({ type: [TargetTableDto], description: 'Where its rows go; several when a rule routes them' })
  targets!: readonly TargetTableDto[];

  @ApiProperty({ type: ColumnSelectionDto })
  columns!: ColumnSelection;

  @ApiPropertyOptional({ type: MappingRulesDto, description: 'Left out when there are none' })
  rules?: GivenRules;
}

export class UnmatchedMappingDto {
  @ApiProperty()
  mappingId!: string;

  @ApiProperty({ example: 'shop_[00-31]' })
  schemaPattern!: string;

  @ApiProperty({ example: '(order|item)_(\\d+)' })
  pattern!: string;

  @ApiProperty({ example: 'The expression does not match the whole name' })
  reason!: string;
}

/** What becomes of a table. */
export class TableResolutionDto {
  @ApiProperty()
  schema!: string;

  @ApiProperty()
  table!: string;

  @ApiProperty({
    type: [ResolvedMappingDto],
    description:
      'Those that cover it, the most specific first: exact names of schema and table, ranges, expressions with the longer ' +
      'literal part. Each gives rows of its own; empty = the table is not replicated',
  })
  mappings!: readonly ResolvedMappingDto[];

  @ApiProperty({ type: [UnmatchedMappingDto], description: 'Those that do not, and why' })
  others!: readonly UnmatchedMappingDto[];
}
