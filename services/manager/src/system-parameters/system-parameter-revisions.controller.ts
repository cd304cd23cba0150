import { Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import { PageQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { RevisionDiffDto, RevisionListDto, SettingRevisionDto } from '../revisions/revision.dto.ts';
import { SystemParametersDto } from './system-parameters.dto.ts';
import { SystemParameterService } from './system-parameter.service.ts';

@ApiController('system-parameters/revisions', 'Revisions')
export class SystemParameterRevisionsController {
  constructor(@Inject(SystemParameterService) private readonly resource: SystemParameterService) {}

  /** Who changed them, when and why, newest first. */
  @Get()
  @Allows('viewer')
  @ApiOkResponse({ type: RevisionListDto })
  list(@Query() query: PageQuery): Promise<RevisionListDto> {
    return this.resource.revisions(query);
  }

  @Get(':number')
  @Allows('viewer')
  @ApiOkResponse({ type: SettingRevisionDto })
  get(@Param('number') number: string): Promise<SettingRevisionDto> {
    return this.resource.revision(number);
  }

  /** What became another from the one to the other. */
  @Get(':before/diff/:after')
  @Allows('viewer')
  @ApiOkResponse({ type: RevisionDiffDto })
  diff(@Param() { before, after }: Record<'before' | 'after', string>): Promise<RevisionDiffDto> {
    return this.resource.diff({ before, after });
  }

  /** Makes a new revision with the settings of an earlier one. */
  @Post(':number/rollback')
  @Allows('admin')
  @HttpCode(200)
  @TakesComment()
  @ApiOkResponse({ type: SystemParametersDto })
  rollback(
    @Param() { number }: Record<'number', string>,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<SystemParametersDto> {
    return this.resource.rollback(number, { caller, ifMatch });
  }
}
