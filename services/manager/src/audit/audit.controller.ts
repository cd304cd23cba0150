import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { AuditCheckDto, AuditCheckQuery, AuditListDto, AuditQuery } from './audit.dto.ts';
import { AuditService } from './audit.service.ts';

@ApiController('audit', 'Audit')
export class AuditController {
  constructor(@Inject(AuditService) private readonly audit: AuditService) {}

  @Get()
  @Allows('admin')
  @ApiOkResponse({ type: AuditListDto })
  list(@Query() query: AuditQuery): Promise<AuditListDto> {
    return this.audit.list(query);
  }

  /** Whether the log is still what was written: names the first entry that was changed, removed or moved. */
  @Get('verify')
  @Allows('admin')
  @ApiOkResponse({ type: AuditCheckDto })
  verify(@Query() query: AuditCheckQuery): Promise<AuditCheckDto> {
    return this.audit.verify(query);
  }
}
