import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DEFINITIONS, OF_THE_CLUSTER } from '../api-document/fails-with.decorator.ts';
import { CommandAcceptedDto, CommandRequestDto, MoveRequestDto } from '../commands/command.dto.ts';
import { orderOf } from '../commands/command.service.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import { IDEMPOTENCY_KEY, TakesIdempotencyKey } from '../http/idempotency-key.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { PipelineStateDto } from './pipeline-state.dto.ts';
import { PipelineStateReader } from './pipeline-state.ts';
import {
  PipelineChangedDto,
  PipelineCreateDto,
  PipelineDto,
  PipelineListDto,
  PipelineListQuery,
  PipelinePatchDto,
  PipelineRemovalQuery,
} from './pipeline.dto.ts';
import { PipelineMover } from './pipeline-mover.ts';
import { PipelineService } from './pipeline.service.ts';
import { PipelineStarter } from '../pre-check/pipeline-starter.ts';
import { RemovalDto } from '../removals/removal.dto.ts';

@ApiController('pipelines', 'Pipelines')
export class PipelinesController {
  constructor(
    @Inject(PipelineService) private readonly pipelines: PipelineService,
    @Inject(PipelineStateReader) private readonly states: PipelineStateReader,
    @Inject(PipelineStarter) private readonly starter: PipelineStarter,
    @Inject(PipelineMover) private readonly mover: PipelineMover,
  ) {}

  @Get()
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: PipelineListDto })
  list(@Query() query: PipelineListQuery, @CallerOf() caller: Caller): Promise<PipelineListDto> {
    return this.pipelines.list(query, caller);
  }

  /** Definition and state: why it stands still, how far it is, how fast it goes. */
  @Get(':id')
  @Allows('viewer', { pipeline: 'id' })
  @FailsWith(...OF_THE_CLUSTER)
  @ApiOkResponse({ type: PipelineStateDto })
  async get(@Param('id') id: string): Promise<PipelineStateDto> {
    return this.states.describe(await this.pipelines.get(id));
  }

  @Post()
  @Allows('admin', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_DEFINITIONS)
  @TakesComment()
  @ApiCreatedResponse({ type: PipelineDto })
  create(@Body() body: PipelineCreateDto, @CallerOf() caller: Caller): Promise<PipelineDto> {
    return this.pipelines.create(body, caller);
  }

  @Patch(':id')
  @Allows('admin', { pipeline: 'id' })
  @FailsWith(...OF_DEFINITIONS, ...OF_THE_CLUSTER)
  @TakesComment()
  @ApiOkResponse({ type: PipelineChangedDto })
  change(
    @Param('id') id: string,
    @Body() body: PipelinePatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<PipelineChangedDto> {
    return this.pipelines.change(id, body, { caller, ifMatch });
  }

  /**
   * Removes a stopped pipeline with all that Lutra holds of it, at the target too: `GET /removals/{id}` tells what is left. Refused
   * while dead letters wait for a decision, unless they are discarded with it.
   */
  @Delete(':id')
  @Allows('admin', { pipeline: 'id' })
  @FailsWith('RESOURCE_CONFLICT', ...OF_THE_CLUSTER)
  @HttpCode(202)
  @ApiAcceptedResponse({ type: RemovalDto })
  remove(
    @Param('id') id: string,
    @Query() query: PipelineRemovalQuery,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<RemovalDto> {
    return this.pipelines.remove(id, query, { caller, ifMatch });
  }

  /** Moves the mainstem (select) or the loader (load) of a running pipeline: the window empties first, so that nothing is repeated. */
  @Post(':id/move')
  @Allows('operator', { pipeline: 'id' })
  @FailsWith('RESOURCE_CONFLICT', 'INSTANCE_NOT_ELIGIBLE', 'CONFIG_REVISION_MISSING', ...OF_THE_CLUSTER)
  @TakesIdempotencyKey()
  @HttpCode(202)
  @ApiAcceptedResponse({ type: CommandAcceptedDto })
  async move(
    @Param('id') id: string,
    @Body() body: MoveRequestDto,
    @CallerOf() caller: Caller,
    @Headers(IDEMPOTENCY_KEY) key?: string,
  ): Promise<CommandAcceptedDto> {
    await this.pipelines.get(id);
    return this.mover.move(id, body, { caller, key });
  }

  /** Hands a command to the arbiter. A START is refused when the pre-check finds errors, unless it is forced. */
  @Post(':id/commands')
  @Allows('operator', { pipeline: 'id' })
  @FailsWith('RESOURCE_CONFLICT', 'CONFIG_REVISION_MISSING', 'PIPELINE_PRECHECK_FAILED', ...OF_THE_CLUSTER)
  @TakesIdempotencyKey()
  @HttpCode(202)
  @ApiAcceptedResponse({ type: CommandAcceptedDto })
  command(
    @Param('id') id: string,
    @Body() body: CommandRequestDto,
    @CallerOf() caller: Caller,
    @Headers(IDEMPOTENCY_KEY) key?: string,
  ): Promise<CommandAcceptedDto> {
    return this.starter.issue(id, orderOf(body), { caller, key });
  }
}
