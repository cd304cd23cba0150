import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsIn, IsString, Length } from 'class-validator';
import { PLAIN_CONFLICT_POLICIES } from '@lutra/model';
import type { ConflictPolicy } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';

const KINDS: readonly ConflictPolicy['kind'][] = [...PLAIN_CONFLICT_POLICIES, 'latestWins', 'merge'];
/** A table of InnoDB has at most 1017 columns. */
const COLUMNS_MAX = 1_017;

export class ConflictPolicyDto {
  @ApiProperty({
    enum: KINDS,
    description:
      "overwrite: the source's row is written, nothing is compared. ignore: a row that differs stays, counted and recorded. " +
      "sourceWins: compared, recorded, the source's row is written. targetWins: compared, recorded, the target's row stays. " +
      'latestWins: the row with the larger value of `column` stays. merge: `columns` are taken from the source, ' +
      '`deltaColumns` become c + (after − before), the others stay. manual: the row becomes a dead letter',
  })
  @IsIn(KINDS)
  kind!: ConflictPolicy['kind'];

  @ApiPropertyOptional({ description: 'Only with latestWins: a column at the target' })
  @MayBeAbsent()
  @IsString()
  @Length(1, NAME_CHARS_MAX)
  column?: string;

  @ApiPropertyOptional({ type: [String], description: 'Only with merge: columns at the target' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(COLUMNS_MAX)
  @IsString({ each: true })
  @Length(1, NAME_CHARS_MAX, { each: true })
  columns?: string[];

  @ApiPropertyOptional({ type: [String], description: 'Only with merge: numeric columns at the target' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(COLUMNS_MAX)
  @IsString({ each: true })
  @Length(1, NAME_CHARS_MAX, { each: true })
  deltaColumns?: string[];
}
