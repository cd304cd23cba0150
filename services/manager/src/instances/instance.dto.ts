import { ApiProperty } from '@nestjs/swagger';
import { SERVICES } from '@lutra/model';
import type { InstanceDescription, ServiceName } from '@lutra/model';

export class LoadDto {
  @ApiProperty({ description: 'Share of one core' })
  cpu!: number;

  @ApiProperty()
  memoryBytes!: number;

  @ApiProperty({ description: 'Processes or leases in hand' })
  tasks!: number;
}

export class InstanceDto implements InstanceDescription {
  @ApiProperty({ enum: SERVICES })
  service!: ServiceName;

  @ApiProperty()
  instance!: string;

  @ApiProperty()
  host!: string;

  @ApiProperty()
  pid!: number;

  @ApiProperty({ description: 'Version of Lutra' })
  version!: string;

  @ApiProperty({ format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ description: 'Port of /health and /metrics' })
  httpPort!: number;

  @ApiProperty({ type: LoadDto })
  load!: InstanceDescription['load'];

  @ApiProperty()
  weight!: number;

  @ApiProperty()
  draining!: boolean;
}

export class InstanceListDto {
  @ApiProperty({ type: [InstanceDto] })
  items!: InstanceDescription[];

  @ApiProperty()
  total!: number;
}
