import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DATABASES, OF_DEFINITIONS, OF_SOURCES } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { SkipCreateDto, SkipDto, SkipListDto, SkipPreviewDto, SkipPreviewQuery } from './skip.dto.ts';
import { SkipService } from './skip.service.ts';

@ApiController('pipelines/:pipelineId/skips', 'Positions')
export class SkipsController {
  constructor(@Inject(SkipService) private readonly skips: SkipService) {}

  /** What the pipeline leaves out, and who has decided so. */
  @Get()
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: SkipListDto })
  list(@Param('pipelineId') pipelineId: string): Promise<SkipListDto> {
    return this.skips.list(pipelineId);
  }

  /** The content of one transaction that the pipeline has still before it, as its source's log has it. */
  @Get('preview')
  @Allows('operator', { pipeline: 'pipelineId' })
  @FailsWith('RESOURCE_CONFLICT', 'SOURCE_SCHEMA_MISMATCH', ...OF_SOURCES, ...OF_DATABASES)
  @ApiOkResponse({ type: SkipPreviewDto })
  preview(@Param('pipelineId') pipelineId: string, @Query() { gtid }: SkipPreviewQuery): Promise<SkipPreviewDto> {
    return this.skips.preview(pipelineId, gtid);
  }

  /** Leaves out exactly that transaction, or one row of it, from the next revision on; RESTART where the pipeline stands before it. */
  @Post()
  @Allows('operator', { pipeline: 'pipelineId' })
  @FailsWith('SOURCE_SCHEMA_MISMATCH', ...OF_DEFINITIONS, ...OF_SOURCES, ...OF_DATABASES)
  @TakesComment()
  @ApiCreatedResponse({ type: SkipDto })
  create(
    @Param('pipelineId') pipelineId: string,
    @Body() body: SkipCreateDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<SkipDto> {
    return this.skips.create(pipelineId, body, { caller, ifMatch });
  }

  /** Takes the decision back: what is still to come is written. */
  @Delete(':id')
  @Allows('operator', { pipeline: 'pipelineId' })
  @HttpCode(204)
  @FailsWith(...OF_DEFINITIONS)
  @TakesComment()
  @ApiNoContentResponse()
  remove(
    @Param() { pipelineId, id }: Record<'pipelineId' | 'id', string>,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    return this.skips.remove(pipelineId, id, { caller, ifMatch });
  }
}
