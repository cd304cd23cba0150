import { Delete, Get, HttpCode, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { PageQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { RemovalDto, RemovalListDto } from './removal.dto.ts';
import { RemovalService } from './removal.service.ts';

@ApiController('removals', 'Pipelines')
export class RemovalsController {
  constructor(@Inject(RemovalService) private readonly removals: RemovalService) {}

  /** Pipelines that were removed in the last month, and what is still left of them. */
  @Get()
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: RemovalListDto })
  list(@Query() query: PageQuery, @CallerOf() caller: Caller): Promise<RemovalListDto> {
    return this.removals.list(query, caller);
  }

  @Get(':id')
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: RemovalDto })
  get(@Param('id') id: string, @CallerOf() caller: Caller): Promise<RemovalDto> {
    return this.removals.get(id, caller);
  }

  /** Gives up what is at the target: for one that will never come back. */
  @Delete(':id')
  @Allows('admin', 'filtered')
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(200)
  @ApiOkResponse({ type: RemovalDto })
  giveUp(@Param('id') id: string, @CallerOf() caller: Caller): Promise<RemovalDto> {
    return this.removals.giveUpTarget(id, caller);
  }
}
