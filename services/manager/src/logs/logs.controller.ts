import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { LogListDto, LogQuery } from './log.dto.ts';
import { LogService } from './log.service.ts';

@ApiController('logs', 'Logs')
export class LogsController {
  constructor(@Inject(LogService) private readonly logs: LogService) {}

  /** The newest warnings and errors of all instances; to a key that is limited to channels, those about its pipelines. */
  @Get()
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', 'BUS_UNREACHABLE')
  @ApiOkResponse({ type: LogListDto })
  list(@Query() query: LogQuery, @CallerOf() caller: Caller): Promise<LogListDto> {
    return this.logs.list(query, caller);
  }
}
