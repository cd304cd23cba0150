import { Body, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_SOURCES } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { ResyncDto, ResyncListDto, ResyncRequestDto } from './resync.dto.ts';
import { ResyncService } from './resync.service.ts';

@ApiController('pipelines/:pipelineId', 'Resync')
export class ResyncsController {
  constructor(@Inject(ResyncService) private readonly resyncs: ResyncService) {}

  /** Sends rows of a table once more, as they stand at the source, beside everything else and without overtaking it. */
  @Post('resync')
  @Allows('operator', { pipeline: 'pipelineId' })
  @HttpCode(202)
  @FailsWith('RESYNC_REFUSED', 'RESOURCE_CONFLICT', 'SOURCE_RESYNC_UNAVAILABLE', ...OF_SOURCES)
  @TakesComment()
  @ApiAcceptedResponse({ type: ResyncDto })
  create(
    @Param('pipelineId') pipelineId: string,
    @Body() body: ResyncRequestDto,
    @CallerOf() caller: Caller,
  ): Promise<ResyncDto> {
    return this.resyncs.create(pipelineId, body, caller);
  }

  /** The newest jobs first. */
  @Get('resyncs')
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: ResyncListDto })
  list(@Param('pipelineId') pipelineId: string): Promise<ResyncListDto> {
    return this.resyncs.list(pipelineId);
  }

  /** How far it has come, and every key that was rejected. */
  @Get('resyncs/:id')
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: ResyncDto })
  find(@Param() { pipelineId, id }: Record<'pipelineId' | 'id', string>): Promise<ResyncDto> {
    return this.resyncs.find(pipelineId, id);
  }

  /** Ends it behind the rows that it has in hand. What was sent stays sent. */
  @Post('resyncs/:id/stop')
  @Allows('operator', { pipeline: 'pipelineId' })
  @HttpCode(200)
  @TakesComment()
  @ApiOkResponse({ type: ResyncDto })
  stop(
    @Param() { pipelineId, id }: Record<'pipelineId' | 'id', string>,
    @CallerOf() caller: Caller,
  ): Promise<ResyncDto> {
    return this.resyncs.stop(pipelineId, id, caller);
  }
}
