import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_THE_CLUSTER } from '../api-document/fails-with.decorator.ts';
import { CommandRequestDto, CommandsAcceptedDto } from '../commands/command.dto.ts';
import { orderOf } from '../commands/command.service.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { IDEMPOTENCY_KEY, TakesIdempotencyKey } from '../http/idempotency-key.decorator.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import { PipelineStarter } from '../pre-check/pipeline-starter.ts';
import type { Caller } from '../http/token.guard.ts';
import { ChannelCreateDto, ChannelDto, ChannelListDto, ChannelPatchDto } from './channel.dto.ts';
import { ChannelService } from './channel.service.ts';

@ApiController('channels', 'Channels')
export class ChannelsController {
  constructor(
    @Inject(ChannelService) private readonly channels: ChannelService,
    @Inject(PipelineStarter) private readonly starter: PipelineStarter,
  ) {}

  @Get()
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: ChannelListDto })
  list(@Query() query: ListQuery, @CallerOf() caller: Caller): Promise<ChannelListDto> {
    return this.channels.list(query, caller);
  }

  @Get(':id')
  @Allows('viewer', { channel: 'id' })
  @ApiOkResponse({ type: ChannelDto })
  get(@Param('id') id: string): Promise<ChannelDto> {
    return this.channels.get(id);
  }

  @Post()
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiCreatedResponse({ type: ChannelDto })
  create(@Body() body: ChannelCreateDto, @CallerOf() caller: Caller): Promise<ChannelDto> {
    return this.channels.create(body, caller);
  }

  @Patch(':id')
  @Allows('admin', { channel: 'id' })
  @FailsWith('RESOURCE_CONFLICT')
  @ApiOkResponse({ type: ChannelDto })
  change(
    @Param('id') id: string,
    @Body() body: ChannelPatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<ChannelDto> {
    return this.channels.change(id, body, { caller, ifMatch });
  }

  @Delete(':id')
  @Allows('admin', { channel: 'id' })
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(@Param('id') id: string, @CallerOf() caller: Caller, @Headers('if-match') ifMatch?: string): Promise<void> {
    return this.channels.remove(id, { caller, ifMatch });
  }

  /** One command for all pipelines of the channel: each of them gets it, or none. Answers with each pipeline's part. */
  @Post(':id/commands')
  @Allows('operator', { channel: 'id' })
  @FailsWith('RESOURCE_CONFLICT', 'CONFIG_REVISION_MISSING', 'PIPELINE_PRECHECK_FAILED', ...OF_THE_CLUSTER)
  @TakesIdempotencyKey()
  @HttpCode(202)
  @ApiAcceptedResponse({ type: CommandsAcceptedDto })
  command(
    @Param('id') id: string,
    @Body() body: CommandRequestDto,
    @CallerOf() caller: Caller,
    @Headers(IDEMPOTENCY_KEY) key?: string,
  ): Promise<CommandsAcceptedDto> {
    return this.starter.issueForChannel(id, orderOf(body), { caller, key });
  }
}
