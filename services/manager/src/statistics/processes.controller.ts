import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Access } from '../access/access.ts';
import { Allows } from '../access/allows.decorator.ts';
import type { Caller } from '../access/caller.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { ProcessListDto } from '../pipelines/process.dto.ts';
import { ProcessQuery } from './process-query.dto.ts';
import { ProcessService } from './process.service.ts';

@ApiController('processes', 'Processes')
export class ProcessesController {
  constructor(
    @Inject(ProcessService) private readonly history: ProcessService,
    @Inject(Access) private readonly access: Access,
  ) {}

  /** Loaded processes of a pipeline, newest or slowest first; those that are open stand in the pipeline's own list. */
  @Get()
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND')
  @ApiOkResponse({ type: ProcessListDto })
  async list(@Query() query: ProcessQuery, @CallerOf() caller: Caller): Promise<ProcessListDto> {
    await this.access.requirePipeline(caller, query.pipelineId);
    return this.history.list(query);
  }
}
