import { Body, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { AcknowledgeDto, AlarmDetailDto, AlarmDto, AlarmListDto, AlarmListQuery } from './alarm.dto.ts';
import { AlarmService } from './alarm.service.ts';

@ApiController('alarms', 'Alarms')
export class AlarmsController {
  constructor(@Inject(AlarmService) private readonly alarms: AlarmService) {}

  /** Open ones and the history, newest first. */
  @Get()
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: AlarmListDto })
  list(@Query() query: AlarmListQuery, @CallerOf() caller: Caller): Promise<AlarmListDto> {
    return this.alarms.list(query, caller);
  }

  /** With who was told what. */
  @Get(':id')
  @Allows('viewer', { alarm: 'id' })
  @ApiOkResponse({ type: AlarmDetailDto })
  get(@Param('id') id: string, @CallerOf() caller: Caller): Promise<AlarmDetailDto> {
    return this.alarms.get(id, caller);
  }

  /** Somebody has it: nothing is repeated any more, the end is told. */
  @Post(':id/acknowledge')
  @Allows('operator', { alarm: 'id' })
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(200)
  @ApiOkResponse({ type: AlarmDto })
  acknowledge(
    @Param('id') id: string,
    @Body() body: AcknowledgeDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<AlarmDto> {
    return this.alarms.acknowledge(id, body, { caller, ifMatch });
  }
}
