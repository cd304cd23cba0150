import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DATABASES } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { TargetChangeDto, TargetRemovalQuery } from '../targets/target-list.dto.ts';
import {
  DeadLetterDto,
  DeadLetterEditDto,
  DeadLetterListDto,
  DeadLetterQuery,
  DeadLetterSelectionDto,
} from './dead-letter.dto.ts';
import { DeadLetterService } from './dead-letter.service.ts';

/** Rows that could not be written. A decision is carried out by load, in the target, while the pipeline runs. */
@ApiController('dead-letters', 'Dead letters')
export class DeadLettersController {
  constructor(@Inject(DeadLetterService) private readonly letters: DeadLetterService) {}

  @Get()
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_DATABASES)
  @ApiOkResponse({ type: DeadLetterListDto })
  list(@Query() query: DeadLetterQuery, @CallerOf() caller: Caller): Promise<DeadLetterListDto> {
    return this.letters.list(query, caller);
  }

  /** Removes letters that were settled before a time. Others stay, however old they are. */
  @Delete()
  @Allows('admin', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_DATABASES)
  @ApiOkResponse({ type: TargetChangeDto })
  remove(@Query() query: TargetRemovalQuery, @CallerOf() caller: Caller): Promise<TargetChangeDto> {
    return this.letters.removeSettled(query, caller);
  }

  /** Retries all open letters that match. What follows another letter goes on by itself after it. */
  @Post('retry')
  @Allows('operator', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_DATABASES)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: TargetChangeDto })
  retryMany(@Body() body: DeadLetterSelectionDto, @CallerOf() caller: Caller): Promise<TargetChangeDto> {
    return this.letters.decideMany(body, 'retryWanted', caller);
  }

  /** Gives up all open letters that match: their rows are never written. */
  @Post('discard')
  @Allows('operator', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_DATABASES)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: TargetChangeDto })
  discardMany(@Body() body: DeadLetterSelectionDto, @CallerOf() caller: Caller): Promise<TargetChangeDto> {
    return this.letters.decideMany(body, 'discardWanted', caller);
  }

  @Get(':id')
  @Allows('viewer', { pipeline: 'id' })
  @FailsWith(...OF_DATABASES)
  @ApiOkResponse({ type: DeadLetterDto })
  get(@Param('id') id: string): Promise<DeadLetterDto> {
    return this.letters.get(id);
  }

  /** The row is written as it came. ROW_NOT_MAPPED: the mapping has refused it, so that it has to be edited or discarded. */
  @Post(':id/retry')
  @Allows('operator', { pipeline: 'id' })
  @FailsWith('RESOURCE_CONFLICT', 'ROW_NOT_MAPPED', ...OF_DATABASES)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: DeadLetterDto })
  retry(@Param('id') id: string, @CallerOf() caller: Caller): Promise<DeadLetterDto> {
    return this.letters.decide(id, { state: 'retryWanted' }, caller);
  }

  /** The row is never written; later changes of its key go on. */
  @Post(':id/discard')
  @Allows('operator', { pipeline: 'id' })
  @FailsWith('RESOURCE_CONFLICT', ...OF_DATABASES)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: DeadLetterDto })
  discard(@Param('id') id: string, @CallerOf() caller: Caller): Promise<DeadLetterDto> {
    return this.letters.decide(id, { state: 'discardWanted' }, caller);
  }

  /** The row is written with some columns replaced; all that its mapping could not make have to be among them. */
  @Patch(':id')
  @Allows('admin', { pipeline: 'id' })
  @FailsWith('RESOURCE_CONFLICT', 'ROW_NOT_MAPPED', ...OF_DATABASES)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: DeadLetterDto })
  edit(
    @Param('id') id: string,
    @Body() { row }: DeadLetterEditDto,
    @CallerOf() caller: Caller,
  ): Promise<DeadLetterDto> {
    return this.letters.decide(id, { state: 'retryWanted', edit: row }, caller);
  }
}
