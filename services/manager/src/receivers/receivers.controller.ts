import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { ReceiverCreateDto, ReceiverDto, ReceiverListDto, ReceiverPatchDto, TestSendDto } from './receiver.dto.ts';
import { ReceiverService } from './receiver.service.ts';

@ApiController('receivers', 'Alarms')
export class ReceiversController {
  constructor(@Inject(ReceiverService) private readonly receivers: ReceiverService) {}

  @Get()
  @Allows('viewer')
  @ApiOkResponse({ type: ReceiverListDto })
  list(@Query() query: ListQuery): Promise<ReceiverListDto> {
    return this.receivers.list(query);
  }

  @Get(':id')
  @Allows('viewer')
  @ApiOkResponse({ type: ReceiverDto })
  get(@Param('id') id: string): Promise<ReceiverDto> {
    return this.receivers.get(id);
  }

  @Post()
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiCreatedResponse({ type: ReceiverDto })
  create(@Body() body: ReceiverCreateDto, @CallerOf() caller: Caller): Promise<ReceiverDto> {
    return this.receivers.create(body, caller);
  }

  @Patch(':id')
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiOkResponse({ type: ReceiverDto })
  change(
    @Param('id') id: string,
    @Body() body: ReceiverPatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<ReceiverDto> {
    return this.receivers.change(id, body, { caller, ifMatch });
  }

  @Delete(':id')
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(@Param('id') id: string, @CallerOf() caller: Caller, @Headers('if-match') ifMatch?: string): Promise<void> {
    return this.receivers.remove(id, { caller, ifMatch });
  }

  /** Sends a test message now and says how that went. */
  @Post(':id/test-send')
  @Allows('operator')
  @HttpCode(200)
  @ApiOkResponse({ type: TestSendDto })
  testSend(@Param('id') id: string, @CallerOf() caller: Caller): Promise<TestSendDto> {
    return this.receivers.testSend(id, caller);
  }
}
