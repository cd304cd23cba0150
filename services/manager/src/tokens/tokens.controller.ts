import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { TokenCreateDto, TokenCreatedDto, TokenListDto } from './token.dto.ts';
import { TokenService } from './token.service.ts';

@ApiController('tokens', 'Tokens')
export class TokensController {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Get()
  @ApiOkResponse({ type: TokenListDto })
  list(@Query() query: ListQuery): Promise<TokenListDto> {
    return this.tokens.list(query);
  }

  @Post()
  @ApiCreatedResponse({ type: TokenCreatedDto })
  create(@Body() body: TokenCreateDto, @CallerOf() caller: Caller): Promise<TokenCreatedDto> {
    return this.tokens.create(body, caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(@Param('id') id: string, @CallerOf() caller: Caller, @Headers('if-match') ifMatch?: string): Promise<void> {
    return this.tokens.remove(id, caller, ifMatch);
  }
}
