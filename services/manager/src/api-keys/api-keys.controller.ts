import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { ApiKeyCreateDto, ApiKeyCreatedDto, ApiKeyDto, ApiKeyListDto } from './api-key.dto.ts';
import { ApiKeyService } from './api-key.service.ts';

@ApiController('api-keys', 'API keys')
export class ApiKeysController {
  constructor(@Inject(ApiKeyService) private readonly keys: ApiKeyService) {}

  @Get()
  @Allows('admin')
  @ApiOkResponse({ type: ApiKeyListDto })
  list(@Query() query: ListQuery): Promise<ApiKeyListDto> {
    return this.keys.list(query);
  }

  @Get(':id')
  @Allows('admin')
  @ApiOkResponse({ type: ApiKeyDto })
  get(@Param('id') id: string): Promise<ApiKeyDto> {
    return this.keys.get(id);
  }

  @Post()
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiCreatedResponse({ type: ApiKeyCreatedDto })
  create(@Body() body: ApiKeyCreateDto, @CallerOf() caller: Caller): Promise<ApiKeyCreatedDto> {
    return this.keys.create(body, caller);
  }

  /** Revokes the key: the next request with it is refused. */
  @Delete(':id')
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(@Param('id') id: string, @CallerOf() caller: Caller, @Headers('if-match') ifMatch?: string): Promise<void> {
    return this.keys.remove(id, { caller, ifMatch });
  }
}
