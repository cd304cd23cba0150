import { Delete, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DATABASES } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { TargetChangeDto, TargetRemovalQuery } from '../targets/target-list.dto.ts';
import { ConflictDto, ConflictListDto, ConflictQuery } from './conflict.dto.ts';
import { ConflictService } from './conflict.service.ts';

/** What was found at targets other than the source said, with both images and the decision. */
@ApiController('conflicts', 'Conflicts')
export class ConflictsController {
  constructor(@Inject(ConflictService) private readonly conflicts: ConflictService) {}

  @Get()
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_DATABASES)
  @ApiOkResponse({ type: ConflictListDto })
  list(@Query() query: ConflictQuery, @CallerOf() caller: Caller): Promise<ConflictListDto> {
    return this.conflicts.list(query, caller);
  }

  @Get(':id')
  @Allows('viewer', { pipeline: 'id' })
  @FailsWith(...OF_DATABASES)
  @ApiOkResponse({ type: ConflictDto })
  get(@Param('id') id: string): Promise<ConflictDto> {
    return this.conflicts.get(id);
  }

  /** Removes what was recorded before a time. */
  @Delete()
  @Allows('admin', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND', ...OF_DATABASES)
  @ApiOkResponse({ type: TargetChangeDto })
  remove(@Query() query: TargetRemovalQuery, @CallerOf() caller: Caller): Promise<TargetChangeDto> {
    return this.conflicts.remove(query, caller);
  }
}
