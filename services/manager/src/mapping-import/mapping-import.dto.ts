import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsString, Length } from 'class-validator';
import type { ErrorCode } from '@lutra/model';

export const IMPORT_FORMATS = ['text', 'csv'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
/** A thousand mappings with long names. */
const CONTENT_CHARS_MAX = 500_000;

export const IMPORT_ACTIONS = ['create', 'change', 'same', 'refuse'] as const;
export type ImportAction = (typeof IMPORT_ACTIONS)[number];

export class MappingImportQuery {
  @ApiPropertyOptional({ default: false, description: 'Only say what would be done' })
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  dryRun: boolean = false;
}

export class MappingImportDto {
  @ApiProperty({
    enum: IMPORT_FORMATS,
    description:
      'text: one mapping a line, `shop.orders -> copy.orders`; a table may be a range (`orders_[01-16]`) or an expression between ' +
      'slashes (`shop./(order|item)_(\\d+)/ -> copy.$1_archive`), names with other signs than letters, digits, _ and $ stand ' +
      'between backquotes, # begins a comment. csv (RFC 4180): the first line names the columns: sourceSchema, sourceTable, ' +
      'targetSchema, and where wanted targetTable, columns (`id; name=title`: only these), except (`secret; old`: all but ' +
      'these), renames (`name=title`), onConflict (a kind, `latestWins:column`), weight',
  })
  @IsIn(IMPORT_FORMATS)
  format!: ImportFormat;

  @ApiProperty({
    example: 'shop.orders -> copy.orders\nshop.orders_[01-16] -> copy.orders_[01-16]',
    maxLength: CONTENT_CHARS_MAX,
  })
  @IsString()
  @Length(1, CONTENT_CHARS_MAX)
  content!: string;
}

export class ImportProblemDto {
  @ApiProperty({ type: String, example: 'MAPPING_TARGET_COLLISION' })
  code!: ErrorCode;

  @ApiProperty()
  detail!: string;
}

export class ImportLineDto {
  @ApiProperty({ example: 1, description: 'Where it begins in the content' })
  line!: number;

  @ApiProperty({
    enum: IMPORT_ACTIONS,
    description: 'A mapping of the same source is changed; it is the same when it says the same already',
  })
  action!: ImportAction;

  @ApiProperty({ example: 'shop.orders' })
  source!: string;

  @ApiProperty({ example: 'copy.orders' })
  target!: string;

  @ApiPropertyOptional({ description: 'The mapping that is there, or that was made' })
  mappingId?: string;

  @ApiPropertyOptional({ type: ImportProblemDto, description: 'Why it is refused' })
  problem?: ImportProblemDto;
}

export class MappingImportResultDto {
  @ApiProperty({ description: 'Everything was stored; false = nothing was: a dry run, or a line was refused' })
  isApplied!: boolean;

  @ApiProperty({ type: [ImportLineDto] })
  lines!: ImportLineDto[];

  @ApiPropertyOptional({ type: ImportProblemDto, description: 'What is wrong with the whole, and with no single line' })
  problem?: ImportProblemDto;
}
