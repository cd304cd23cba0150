import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { EventListDto, EventQuery } from './event.dto.ts';
import { EventService } from './event.service.ts';

@ApiController('events', 'Events')
export class EventsController {
  constructor(@Inject(EventService) private readonly events: EventService) {}

  /** Events of all pipelines and of the installation. */
  @Get()
  @ApiOkResponse({ type: EventListDto })
  list(@Query() query: EventQuery): Promise<EventListDto> {
    return this.events.list(query);
  }
}
