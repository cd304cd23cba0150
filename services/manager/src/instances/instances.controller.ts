import { Get, Inject } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { InstanceListDto } from './instance.dto.ts';
import { InstanceService } from './instance.service.ts';

@ApiController('instances', 'Instances')
export class InstancesController {
  constructor(@Inject(InstanceService) private readonly instances: InstanceService) {}

  @Get()
  @ApiOkResponse({ type: InstanceListDto })
  list(): Promise<InstanceListDto> {
    return this.instances.list();
  }
}
