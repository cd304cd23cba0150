import { Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { PreCheckDto } from './pre-check.dto.ts';
import { PreCheckService } from './pre-check.service.ts';

@ApiController('pipelines/:id/pre-check', 'Pipelines')
export class PreChecksController {
  constructor(@Inject(PreCheckService) private readonly preChecks: PreCheckService) {}

  /** What the last check has found: one that was asked for, or that of the last START. */
  @Get()
  @Allows('viewer', { pipeline: 'id' })
  @ApiOkResponse({ type: PreCheckDto })
  get(@Param('id') id: string): Promise<PreCheckDto> {
    return this.preChecks.last(id);
  }

  /**
   * Looks at both servers, the mapped tables, the newest rows that mappings have rules for, and the bus now. Changes nothing
   * there; a server that is away is a finding.
   */
  @Post()
  @Allows('operator', { pipeline: 'id' })
  @HttpCode(200)
  @ApiOkResponse({ type: PreCheckDto })
  check(@Param('id') id: string): Promise<PreCheckDto> {
    return this.preChecks.check(id, { triesRows: true });
  }
}
