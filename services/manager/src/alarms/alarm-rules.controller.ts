import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { AlarmRuleCreateDto, AlarmRuleDto, AlarmRuleListDto, AlarmRulePatchDto } from './alarm-rule.dto.ts';
import { AlarmRuleService } from './alarm-rule.service.ts';

@ApiController('alarm-rules', 'Alarms')
export class AlarmRulesController {
  constructor(@Inject(AlarmRuleService) private readonly rules: AlarmRuleService) {}

  @Get()
  @Allows('viewer')
  @ApiOkResponse({ type: AlarmRuleListDto })
  list(@Query() query: ListQuery): Promise<AlarmRuleListDto> {
    return this.rules.list(query);
  }

  @Get(':id')
  @Allows('viewer')
  @ApiOkResponse({ type: AlarmRuleDto })
  get(@Param('id') id: string): Promise<AlarmRuleDto> {
    return this.rules.get(id);
  }

  @Post()
  @TakesComment()
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiCreatedResponse({ type: AlarmRuleDto })
  create(@Body() body: AlarmRuleCreateDto, @CallerOf() caller: Caller): Promise<AlarmRuleDto> {
    return this.rules.create(body, caller);
  }

  @Patch(':id')
  @TakesComment()
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiOkResponse({ type: AlarmRuleDto })
  change(
    @Param('id') id: string,
    @Body() body: AlarmRulePatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<AlarmRuleDto> {
    return this.rules.change(id, body, { caller, ifMatch });
  }

  @Delete(':id')
  @Allows('admin')
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(@Param('id') id: string, @CallerOf() caller: Caller, @Headers('if-match') ifMatch?: string): Promise<void> {
    return this.rules.remove(id, { caller, ifMatch });
  }
}
