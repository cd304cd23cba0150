import { Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_THE_CLUSTER } from '../api-document/fails-with.decorator.ts';
import { EventListDto, EventQuery } from '../events/event.dto.ts';
import { EventService } from '../events/event.service.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { PipelineStateReader } from './pipeline-state.ts';
import { PipelineService } from './pipeline.service.ts';
import { ProcessListDto } from './process.dto.ts';

/** What a pipeline does, seen closer. */
@ApiController('pipelines/:id', 'Pipelines')
export class PipelineViewsController {
  constructor(
    @Inject(PipelineService) private readonly pipelines: PipelineService,
    @Inject(PipelineStateReader) private readonly states: PipelineStateReader,
    @Inject(EventService) private readonly events: EventService,
  ) {}

  /** Open and lately loaded processes with the times of their stages. */
  @Get('processes')
  @Allows('viewer', { pipeline: 'id' })
  @FailsWith(...OF_THE_CLUSTER)
  @ApiOkResponse({ type: ProcessListDto })
  async processes(@Param('id') id: string): Promise<ProcessListDto> {
    await this.pipelines.get(id);
    return this.states.processes(id);
  }

  @Get('events')
  @Allows('viewer', { pipeline: 'id' })
  @FailsWith(...OF_THE_CLUSTER)
  @ApiOkResponse({ type: EventListDto })
  async eventsOf(@Param('id') id: string, @Query() query: EventQuery): Promise<EventListDto> {
    await this.pipelines.get(id);
    return this.events.list(query, id);
  }
}
