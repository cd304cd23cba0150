import { Body, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DEFINITIONS } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import { PageQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { PipelineDetailDto } from '../pipelines/pipeline.dto.ts';
import { RevisionDetailDto, RevisionDiffDto, RevisionListDto, RollbackDto } from './revision.dto.ts';
import { RevisionService } from './revision.service.ts';

@ApiController('pipelines/:pipelineId/revisions', 'Revisions')
export class RevisionsController {
  constructor(@Inject(RevisionService) private readonly revisions: RevisionService) {}

  /** Who changed the pipeline, when and why: the newest thousand, newest first. */
  @Get()
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: RevisionListDto })
  list(@Param('pipelineId') pipelineId: string, @Query() query: PageQuery): Promise<RevisionListDto> {
    return this.revisions.list(pipelineId, query);
  }

  @Get(':number')
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: RevisionDetailDto })
  get(@Param('pipelineId') pipelineId: string, @Param('number') number: string): Promise<RevisionDetailDto> {
    return this.revisions.get(pipelineId, number);
  }

  /** What became another when the pipeline went from the one to the other. */
  @Get(':before/diff/:after')
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: RevisionDiffDto })
  diff(
    @Param() { pipelineId, before, after }: Record<'pipelineId' | 'before' | 'after', string>,
  ): Promise<RevisionDiffDto> {
    return this.revisions.diff(pipelineId, { before, after });
  }

  /** Makes a new revision with the parameters and mappings of an earlier one; name, start and data sources stay. */
  @Post(':number/rollback')
  @Allows('admin', { pipeline: 'pipelineId' })
  @FailsWith(...OF_DEFINITIONS)
  @HttpCode(200)
  @TakesComment()
  @ApiOkResponse({ type: PipelineDetailDto })
  rollback(
    @Param() { pipelineId, number }: Record<'pipelineId' | 'number', string>,
    @Body() body: RollbackDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<PipelineDetailDto> {
    return this.revisions.rollback({ pipelineId, number }, body, { caller, ifMatch });
  }
}
