import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, MaxLength } from 'class-validator';
import { PageQuery } from '../http/list-query.dto.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';

/** An expression, as in a mapping. */
const PATTERN_CHARS_MAX = 500;

export class LookupQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only names that contain this text, in any case' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(NAME_CHARS_MAX)
  name?: string;
}

/** What a mapping would cover: exactly one of exact, regex and range. */
export class MatchQuery extends PageQuery {
  @ApiProperty({ example: 'shop' })
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  schema!: string;

  @ApiPropertyOptional({ example: 'orders' })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  exact?: string;

  @ApiPropertyOptional({ example: 'orders_(\\d+)' })
  @MayBeAbsent()
  @IsString()
  @Length(1, PATTERN_CHARS_MAX)
  regex?: string;

  @ApiPropertyOptional({ example: 'orders_[0001-0128]' })
  @MayBeAbsent()
  @IsString()
  @Length(1, PATTERN_CHARS_MAX)
  range?: string;

  @ApiPropertyOptional({ example: 'orders_$1_archive', description: 'As target.table of a mapping' })
  @MayBeAbsent()
  @IsString()
  @Length(1, PATTERN_CHARS_MAX)
  target?: string;
}

export class SchemaDto {
  @ApiProperty({ example: 'shop' })
  schema!: string;

  @ApiProperty({ example: 'utf8mb4' })
  charset!: string;

  @ApiProperty({ example: 'utf8mb4_general_ci' })
  collation!: string;

  @ApiProperty({ description: 'Belongs to the server or to Lutra: cannot be mapped' })
  isReserved!: boolean;
}

export class SchemaListDto {
  @ApiProperty({ type: [SchemaDto] })
  items!: SchemaDto[];

  @ApiProperty()
  total!: number;
}

export class TableDto {
  @ApiProperty({ example: 'orders' })
  table!: string;

  @ApiProperty({ description: 'Views cannot be mapped' })
  isView!: boolean;

  @ApiProperty({ type: String, nullable: true, example: 'InnoDB', description: 'null = a view' })
  engine!: string | null;

  @ApiProperty({ type: String, nullable: true })
  collation!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: "The server's guess" })
  rowEstimate!: number | null;
}

export class TableListDto {
  @ApiProperty({ type: [TableDto] })
  items!: TableDto[];

  @ApiProperty()
  total!: number;
}

export class ColumnDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ example: 'bigint unsigned', description: 'As the server prints it' })
  type!: string;

  @ApiProperty()
  isNullable!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'As the server prints it; null = none' })
  default!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The expression of a generated column' })
  generated!: string | null;

  @ApiProperty()
  isAutoIncrement!: boolean;

  @ApiProperty({ type: String, nullable: true })
  charset!: string | null;

  @ApiProperty({ type: String, nullable: true })
  collation!: string | null;
}

export class KeyDto {
  @ApiProperty({ example: 'PRIMARY' })
  name!: string;

  @ApiProperty()
  isUnique!: boolean;

  @ApiProperty({ type: [String], description: 'In the order of the key; an expression stands as it is printed' })
  columns!: string[];
}

export class ForeignKeyDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ type: [String] })
  columns!: string[];

  @ApiProperty({ example: 'shop' })
  referencedSchema!: string;

  @ApiProperty({ example: 'customers' })
  referencedTable!: string;

  @ApiProperty({ type: [String] })
  referencedColumns!: string[];

  @ApiProperty({ example: 'CASCADE' })
  onDelete!: string;

  @ApiProperty({ example: 'RESTRICT' })
  onUpdate!: string;
}

export class TriggerDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['BEFORE', 'AFTER'] })
  timing!: string;

  @ApiProperty({ enum: ['INSERT', 'UPDATE', 'DELETE'] })
  event!: string;
}

export class TableDetailDto extends TableDto {
  @ApiProperty({ example: 'shop' })
  schema!: string;

  @ApiProperty({ type: [ColumnDto], description: 'In the order of the table' })
  columns!: ColumnDto[];

  @ApiProperty({ type: [KeyDto], description: 'The primary key first' })
  keys!: KeyDto[];

  @ApiProperty({ type: [ForeignKeyDto] })
  foreignKeys!: ForeignKeyDto[];

  @ApiProperty({ type: [TriggerDto] })
  triggers!: TriggerDto[];
}

export class MatchDto {
  @ApiProperty({ example: 'orders_0001' })
  table!: string;

  @ApiProperty({ example: 'orders_0001_archive', description: 'Its name at the target' })
  target!: string;
}

export class MatchListDto {
  @ApiProperty({ type: [MatchDto], description: 'Tables that a mapping of the pattern would cover now, by name' })
  items!: MatchDto[];

  @ApiProperty()
  total!: number;

  @ApiProperty({
    type: [String],
    description:
      'Tables (a hundred at most) that an expression leaves out: an online schema change seems to have made them',
  })
  leftOut!: string[];
}
