import { Body, Get, HttpCode, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_THE_CLUSTER } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import {
  InstanceDetailDto,
  InstanceListDto,
  InstancePatchDto,
  InstanceReasonDto,
  LogLevelDto,
} from './instance.dto.ts';
import { InstanceService } from './instance.service.ts';
import { orderChangeOf } from './order-change.ts';

@ApiController('instances', 'Instances')
export class InstancesController {
  constructor(@Inject(InstanceService) private readonly instances: InstanceService) {}

  /** All that are alive, with load and leases, and those that are down and have an order. */
  @Get()
  @Allows('viewer')
  @FailsWith(...OF_THE_CLUSTER)
  @ApiOkResponse({ type: InstanceListDto })
  list(): Promise<InstanceListDto> {
    return this.instances.list();
  }

  /** What instances write to their logs, from the next line on, without a stop. Holds over restarts; later instances follow the system parameter `logLevel`. */
  @Put('log-level')
  @Allows('operator')
  @FailsWith(...OF_THE_CLUSTER)
  @ApiOkResponse({ type: InstanceListDto })
  logLevel(@Body() { level, service, reason }: LogLevelDto, @CallerOf() caller: Caller): Promise<InstanceListDto> {
    return this.instances.orderLogLevel({ service, level }, { caller, reason });
  }

  /** One instance; while it drains, what is left. */
  @Get(':id')
  @Allows('viewer')
  @FailsWith(...OF_THE_CLUSTER)
  @ApiOkResponse({ type: InstanceDetailDto })
  get(@Param('id') id: string): Promise<InstanceDetailDto> {
    return this.instances.get(id);
  }

  /** Empties the instance without a rollback: leases move to others, nothing new comes. Holds until `resume`. */
  @Post(':id/drain')
  @Allows('operator')
  @FailsWith('RESOURCE_CONFLICT', ...OF_THE_CLUSTER)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: InstanceDetailDto })
  drain(
    @Param('id') id: string,
    @Body() { reason }: InstanceReasonDto,
    @CallerOf() caller: Caller,
  ): Promise<InstanceDetailDto> {
    return this.instances.order(id, { draining: true }, { caller, reason });
  }

  /** The instance keeps what it has and takes nothing new. Holds until `resume`. */
  @Post(':id/maintenance')
  @Allows('operator')
  @FailsWith('RESOURCE_CONFLICT', ...OF_THE_CLUSTER)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: InstanceDetailDto })
  maintain(
    @Param('id') id: string,
    @Body() { reason }: InstanceReasonDto,
    @CallerOf() caller: Caller,
  ): Promise<InstanceDetailDto> {
    return this.instances.order(id, { maintenance: true }, { caller, reason });
  }

  /** Takes drain and maintenance back; the weight stays as ordered. */
  @Post(':id/resume')
  @Allows('operator')
  @FailsWith('RESOURCE_CONFLICT', ...OF_THE_CLUSTER)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: InstanceDetailDto })
  resume(
    @Param('id') id: string,
    @Body() { reason }: InstanceReasonDto,
    @CallerOf() caller: Caller,
  ): Promise<InstanceDetailDto> {
    return this.instances.order(id, { draining: false, maintenance: false }, { caller, reason });
  }

  @Patch(':id')
  @Allows('operator')
  @FailsWith('RESOURCE_CONFLICT', ...OF_THE_CLUSTER)
  @ApiOkResponse({ type: InstanceDetailDto })
  change(
    @Param('id') id: string,
    @Body() body: InstancePatchDto,
    @CallerOf() caller: Caller,
  ): Promise<InstanceDetailDto> {
    return this.instances.order(id, orderChangeOf(body), { caller, reason: body.reason });
  }
}
