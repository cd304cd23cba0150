import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_THE_CLUSTER } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { EventListDto, EventQuery } from './event.dto.ts';
import { EventService } from './event.service.ts';

@ApiController('events', 'Events')
export class EventsController {
  constructor(@Inject(EventService) private readonly events: EventService) {}

  /** Events of all pipelines and of the installation; to a key that is limited to channels, those of its pipelines. */
  @Get()
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_THE_CLUSTER)
  @ApiOkResponse({ type: EventListDto })
  list(@Query() query: EventQuery, @CallerOf() caller: Caller): Promise<EventListDto> {
    return this.events.listVisible(query, caller);
  }
}
