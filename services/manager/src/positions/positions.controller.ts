import { Body, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DATABASES, OF_SOURCES } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import {
  PositionDto,
  PositionHistoryDto,
  PositionHistoryQuery,
  RewindPreviewDto,
  RewindPreviewRequestDto,
  RewindRequestDto,
} from './position.dto.ts';
import { PositionService } from './position.service.ts';
import { RewindService } from './rewind.service.ts';

@ApiController('pipelines/:id/positions', 'Positions')
export class PositionsController {
  constructor(
    @Inject(PositionService) private readonly positions: PositionService,
    @Inject(RewindService) private readonly rewinds: RewindService,
  ) {}

  /** Where the pipeline stands at its target, lane by lane, and how far from the end of its source. */
  @Get()
  @Allows('viewer', { pipeline: 'id' })
  @ApiOkResponse({ type: PositionDto })
  view(@Param('id') id: string): Promise<PositionDto> {
    return this.positions.view(id);
  }

  /** Where it stood: what a rewind may go back to. */
  @Get('history')
  @Allows('viewer', { pipeline: 'id' })
  @FailsWith('BUS_UNREACHABLE')
  @ApiOkResponse({ type: PositionHistoryDto })
  history(@Param('id') id: string, @Query() query: PositionHistoryQuery): Promise<PositionHistoryDto> {
    return this.positions.history(id, query);
  }

  /** What a rewind would repeat or leave out, and whether the source still has it. Changes nothing. */
  @Post('preview')
  @Allows('operator', { pipeline: 'id' })
  @HttpCode(200)
  @FailsWith('RESOURCE_CONFLICT', 'PIPELINE_SOURCE_UNSUPPORTED', ...OF_SOURCES, ...OF_DATABASES)
  @ApiOkResponse({ type: RewindPreviewDto })
  preview(@Param('id') id: string, @Body() { to }: RewindPreviewRequestDto): Promise<RewindPreviewDto> {
    return this.rewinds.preview(id, to);
  }

  /** Puts a pipeline that is PAUSED or STOPPED to another place; START goes on from there. */
  @Post('rewind')
  @Allows('operator', { pipeline: 'id' })
  @HttpCode(200)
  @FailsWith(
    ...(['RESOURCE_CONFLICT', 'CONFIRMATION_MISSING', 'PIPELINE_SOURCE_UNSUPPORTED', 'TARGET_FENCED'] as const),
    ...(['TARGET_CHECKPOINT_MISSING', 'BUS_UNREACHABLE', 'COORDINATION_UNREACHABLE'] as const),
    ...OF_SOURCES,
    ...OF_DATABASES,
  )
  @ApiOkResponse({ type: RewindPreviewDto })
  rewind(
    @Param('id') id: string,
    @Body() body: RewindRequestDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<RewindPreviewDto> {
    return this.rewinds.rewind(id, body, { caller, ifMatch });
  }
}
