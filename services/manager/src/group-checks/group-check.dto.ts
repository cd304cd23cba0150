import { ApiProperty } from '@nestjs/swagger';
import type { GroupCheckOutcome } from './group-check.entity.ts';

export class GroupDifferenceDto {
  @ApiProperty({ description: 'Values of the columns that make the group', example: "'eu', 2024" })
  group!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Count and values as the source has them; null = no such group',
  })
  source!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'As the target has them' })
  target!: string | null;
}

export class GroupCheckDto {
  @ApiProperty({ description: 'When it ended' })
  checkedAt!: string;

  @ApiProperty({ enum: ['compared', 'notCompared'], description: 'notCompared: reason says why' })
  outcome!: GroupCheckOutcome;

  @ApiProperty()
  reason!: string;

  @ApiProperty({ description: 'Groups that were compared' })
  groups!: number;

  @ApiProperty({ description: 'Groups that are not as the source says, or that stand at one side alone' })
  differing!: number;

  @ApiProperty({ description: 'Groups that changed all the time, or that the target had not come to' })
  unsettled!: number;

  @ApiProperty({ type: [GroupDifferenceDto], description: 'The first that differ' })
  examples!: GroupDifferenceDto[];
}

export class GroupCheckAnswerDto {
  @ApiProperty({ type: GroupCheckDto, nullable: true, description: 'Null: none has been made yet' })
  last!: GroupCheckDto | null;
}
