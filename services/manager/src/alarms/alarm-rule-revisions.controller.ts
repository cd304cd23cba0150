import { Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import { PageQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { RevisionDiffDto, RevisionListDto, SettingRevisionDto } from '../revisions/revision.dto.ts';
import { AlarmRuleDto } from './alarm-rule.dto.ts';
import { AlarmRuleService } from './alarm-rule.service.ts';

@ApiController('alarm-rules/:id/revisions', 'Revisions')
export class AlarmRuleRevisionsController {
  constructor(@Inject(AlarmRuleService) private readonly resource: AlarmRuleService) {}

  /** Who changed the rule, when and why, newest first. */
  @Get()
  @Allows('viewer')
  @ApiOkResponse({ type: RevisionListDto })
  list(@Param('id') id: string, @Query() query: PageQuery): Promise<RevisionListDto> {
    return this.resource.revisions(id, query);
  }

  @Get(':number')
  @Allows('viewer')
  @ApiOkResponse({ type: SettingRevisionDto })
  get(@Param('id') id: string, @Param('number') number: string): Promise<SettingRevisionDto> {
    return this.resource.revision(id, number);
  }

  /** What became another from the one to the other. */
  @Get(':before/diff/:after')
  @Allows('viewer')
  @ApiOkResponse({ type: RevisionDiffDto })
  diff(@Param() { id, before, after }: Record<'id' | 'before' | 'after', string>): Promise<RevisionDiffDto> {
    return this.resource.diff(id, { before, after });
  }

  /** Makes a new revision with the settings of an earlier one. */
  @Post(':number/rollback')
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(200)
  @TakesComment()
  @ApiOkResponse({ type: AlarmRuleDto })
  rollback(
    @Param() { id, number }: Record<'id' | 'number', string>,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<AlarmRuleDto> {
    return this.resource.rollback({ id, number }, { caller, ifMatch });
  }
}
