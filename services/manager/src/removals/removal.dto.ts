import { ApiProperty } from '@nestjs/swagger';

export class RemovalProblemDto {
  @ApiProperty({ example: 'TARGET_UNREACHABLE' })
  code!: string;

  @ApiProperty()
  detail!: string;

  @ApiProperty()
  workaround!: string;
}

const STATES = ['pending', 'done'] as const;
const WAITS = ['services', 'target'] as const;

/** What becomes of a pipeline that was removed: its checkpoint and other rows at the target, its nodes, queues and buckets. */
export class RemovalDto {
  @ApiProperty({ description: 'Id that the pipeline had' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Channel that it belonged to; null = not noted at the time',
  })
  channelId!: string | null;

  @ApiProperty({ description: 'Data source that it wrote' })
  targetId!: string;

  @ApiProperty({ enum: STATES, description: 'done: nothing of it is left' })
  state!: (typeof STATES)[number];

  @ApiProperty({
    enum: WAITS,
    nullable: true,
    description: 'services: NATS and ZooKeeper have to forget it; target: its rows in database lutra have to go',
  })
  waitsFor!: (typeof WAITS)[number] | null;

  @ApiProperty({ format: 'date-time' })
  askedAt!: string;

  @ApiProperty({ description: 'Who removed it' })
  askedBy!: string;

  @ApiProperty({ description: 'In vain, at the target' })
  attempts!: number;

  @ApiProperty({ type: RemovalProblemDto, nullable: true, description: 'Why the last attempt was in vain' })
  problem!: RemovalProblemDto | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  nextAttemptAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  doneAt!: string | null;
}

/** Newest first. */
export class RemovalListDto {
  @ApiProperty({ type: [RemovalDto] })
  items!: RemovalDto[];

  @ApiProperty()
  total!: number;
}
