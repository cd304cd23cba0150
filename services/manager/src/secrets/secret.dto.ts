import { ApiProperty } from '@nestjs/swagger';

/** How much stands under one key. */
export class SecretKeyDto {
  @ApiProperty({ type: String, nullable: true, example: '9f2c01ab', description: 'null = values that no key opens' })
  id!: string | null;

  @ApiProperty({ enum: ['newest', 'older', 'missing'], description: 'missing: this manager does not have the key' })
  state!: 'newest' | 'older' | 'missing';

  @ApiProperty({ description: 'Passwords and keys of data sources' })
  dataSources!: number;

  @ApiProperty()
  receivers!: number;

  @ApiProperty({ description: 'Of removed pipelines, for as long as something of them is at a target' })
  removals!: number;

  @ApiProperty({ description: 'Keys that values are masked under' })
  mappings!: number;

  @ApiProperty({ description: 'In the definitions that stages get' })
  definitions!: number;

  @ApiProperty({ description: 'Nothing stands under it any more: it may be taken out of LUTRA_SECRET_KEY everywhere' })
  mayBeRemoved!: boolean;
}

/** Under which keys the secrets of the installation stand. */
export class SecretsDto {
  @ApiProperty({ type: [SecretKeyDto], description: 'Newest first, then those that are missing here' })
  keys!: SecretKeyDto[];

  @ApiProperty({ description: 'Secrets that are given as env:NAME or file:/path, and stand under no key' })
  references!: number;

  @ApiProperty({ description: 'Definitions that are not on the bus yet: stages have older ones' })
  unpublished!: number;
}
