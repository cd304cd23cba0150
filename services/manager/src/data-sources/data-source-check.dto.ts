import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ErrorCode } from '@lutra/model';
import type { DataSourceKind } from './data-source.entity.ts';

export class FindingDto {
  @ApiProperty({ type: String, example: 'SOURCE_BINLOG_FORMAT' })
  code!: ErrorCode;

  @ApiProperty()
  detail!: string;

  @ApiPropertyOptional({ description: 'The statement that repairs it' })
  statement?: string;
}

/** What a standby of the data source answers. */
export class StandbyCheckDto {
  @ApiProperty({ example: 'db2.example.com:3306' })
  address!: string;

  @ApiProperty()
  reachable!: boolean;

  @ApiProperty({ type: FindingDto, nullable: true, description: 'Why it is not reachable' })
  failure!: FindingDto | null;

  @ApiProperty({ type: String, nullable: true })
  version!: string | null;

  @ApiProperty({ type: [FindingDto], description: 'What speaks against it as the source of a pipeline' })
  asSource!: FindingDto[];
}

/** What a data source answers when somebody logs in with its user and password. */
export class DataSourceCheckDto {
  @ApiProperty()
  reachable!: boolean;

  @ApiProperty({ type: FindingDto, nullable: true, description: 'Why it is not reachable' })
  failure!: FindingDto | null;

  @ApiProperty({ type: String, enum: ['mysql', 'mariadb', 'oracle'], nullable: true, description: 'What it really is' })
  kind!: DataSourceKind | null;

  @ApiProperty({ type: String, nullable: true })
  version!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The account that the server took the user for' })
  account!: string | null;

  @ApiProperty({
    type: Object,
    description: 'Settings of the binary log, of time, character sets and names, and whether the server may be written',
  })
  variables!: Readonly<Record<string, string>>;

  @ApiProperty({ type: [String], description: 'As the server lists them, without password hashes' })
  grants!: readonly string[];

  @ApiProperty({
    type: Number,
    nullable: true,
    description: "Milliseconds that the server's clock is ahead of the manager's; negative = behind",
  })
  clockAheadMs!: number | null;

  @ApiProperty({ type: [FindingDto], description: 'What speaks against it as the source of a pipeline' })
  asSource!: FindingDto[];

  @ApiProperty({ type: [StandbyCheckDto], description: 'The other servers of the group, in their order' })
  standbys!: StandbyCheckDto[];
}
