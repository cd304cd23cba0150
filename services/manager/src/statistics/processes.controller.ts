import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { ProcessListDto } from '../pipelines/process.dto.ts';
import { ProcessQuery } from './process-query.dto.ts';
import { ProcessService } from './process.service.ts';

@ApiController('processes', 'Processes')
export class ProcessesController {
  constructor(@Inject(ProcessService) private readonly processes: ProcessService) {}

  /** Loaded processes of a pipeline, newest or slowest first; those that are open stand in the pipeline's own list. */
  @Get()
  @ApiOkResponse({ type: ProcessListDto })
  list(@Query() query: ProcessQuery): Promise<ProcessListDto> {
    return this.processes.list(query);
  }
}
