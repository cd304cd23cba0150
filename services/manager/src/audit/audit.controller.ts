import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { AuditListDto, AuditQuery } from './audit.dto.ts';
import { AuditService } from './audit.service.ts';

@ApiController('audit', 'Audit')
export class AuditController {
  constructor(@Inject(AuditService) private readonly audit: AuditService) {}

  @Get()
  @ApiOkResponse({ type: AuditListDto })
  list(@Query() query: AuditQuery): Promise<AuditListDto> {
    return this.audit.list(query);
  }
}
