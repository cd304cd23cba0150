import { Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { GroupCheckAnswerDto } from './group-check.dto.ts';
import { GroupCheckService } from './group-check.service.ts';

@ApiController('pipelines/:pipelineId/mappings/:id/group-check', 'Mappings')
export class GroupChecksController {
  constructor(@Inject(GroupCheckService) private readonly checks: GroupCheckService) {}

  /** Whether the groups that the mapping counts were as the source says when they were compared last. */
  @Get()
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: GroupCheckAnswerDto })
  last(@Param('pipelineId') pipelineId: string, @Param('id') id: string): Promise<GroupCheckAnswerDto> {
    return this.checks.last({ pipelineId, id });
  }
}
