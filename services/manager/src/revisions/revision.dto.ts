import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { ANY_JSON } from '../api-document/any-json.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { CONFIRMATION } from '../pipelines/pipeline.dto.ts';
import type { KeptDefinition } from './revision.entity.ts';
import type { Difference } from './structural-diff.ts';

export class RevisionDto {
  @ApiProperty({ description: 'Grows by one with each change', example: 7 })
  number!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: "Who made it; '' = made before revisions were kept", example: 'admin' })
  author!: string;

  @ApiProperty({ description: "The change's X-Comment; '' = none", example: 'CHG-4711: more lanes' })
  comment!: string;

  @ApiProperty({ description: 'The stages work by this one now' })
  isCurrent!: boolean;
}

export class RevisionDetailDto extends RevisionDto {
  @ApiProperty({
    type: Object,
    description:
      'The definition as the stages got it, without secrets. `source.mark` and `target.mark` differ between two revisions ' +
      'when anything of the data source does, the password included',
  })
  definition!: KeptDefinition;
}

export class SettingRevisionDto extends RevisionDto {
  @ApiProperty({ type: Object, description: 'What a rollback puts back' })
  settings!: Readonly<Record<string, unknown>>;
}

/** Newest first. */
export class RevisionListDto {
  @ApiProperty({ type: [RevisionDto] })
  items!: RevisionDto[];

  @ApiProperty()
  total!: number;
}

export class DifferenceDto implements Difference {
  @ApiProperty({ description: 'JSON pointer; mappings are named by their id', example: '/parameters/lanes' })
  path!: string;

  @ApiProperty({ enum: ['added', 'removed', 'changed'] })
  kind!: Difference['kind'];

  @ApiPropertyOptional({ ...ANY_JSON, example: 4 })
  before?: unknown;

  @ApiPropertyOptional({ ...ANY_JSON, example: 8 })
  after?: unknown;
}

export class RevisionDiffDto {
  @ApiProperty()
  before!: number;

  @ApiProperty()
  after!: number;

  @ApiProperty({ type: [DifferenceDto], description: 'Empty when both say the same' })
  differences!: DifferenceDto[];
}

export class RollbackDto {
  @ApiPropertyOptional({
    enum: [CONFIRMATION],
    description: 'Needed when the revision has dryRun switched off and the pipeline has not',
  })
  @MayBeAbsent()
  @IsIn([CONFIRMATION])
  confirm?: typeof CONFIRMATION;
}
