import { Body, Get, Headers, Inject, Patch } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { SystemParameterService } from './system-parameter.service.ts';
import { SystemParametersDto, SystemParametersPatchDto } from './system-parameters.dto.ts';

@ApiController('system-parameters', 'System')
export class SystemParametersController {
  constructor(@Inject(SystemParameterService) private readonly parameters: SystemParameterService) {}

  /** What holds for the whole installation. */
  @Get()
  @Allows('viewer')
  @ApiOkResponse({ type: SystemParametersDto })
  get(): Promise<SystemParametersDto> {
    return this.parameters.get();
  }

  /** Counts at once, for all managers. */
  @Patch()
  @TakesComment()
  @Allows('admin')
  @ApiOkResponse({ type: SystemParametersDto })
  change(
    @Body() body: SystemParametersPatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<SystemParametersDto> {
    return this.parameters.change(body, { caller, ifMatch });
  }
}
