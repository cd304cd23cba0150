import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DATABASES, OF_DEFINITIONS } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { DataSourceChecker } from './check-data-source.ts';
import { DataSourceCheckDto } from './data-source-check.dto.ts';
import {
  DataSourceCreateDto,
  DataSourceDto,
  DataSourceListDto,
  DataSourcePatchDto,
  DataSourceSwitchDto,
} from './data-source.dto.ts';
import { DataSourceService } from './data-source.service.ts';
import { PrimarySwitch } from './switch-primary.ts';

@ApiController('data-sources', 'Data sources')
export class DataSourcesController {
  constructor(
    @Inject(DataSourceService) private readonly dataSources: DataSourceService,
    @Inject(DataSourceChecker) private readonly checker: DataSourceChecker,
    @Inject(PrimarySwitch) private readonly primary: PrimarySwitch,
  ) {}

  @Get()
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: DataSourceListDto })
  list(@Query() query: ListQuery, @CallerOf() caller: Caller): Promise<DataSourceListDto> {
    return this.dataSources.list(query, caller);
  }

  @Get(':id')
  @Allows('viewer', { dataSource: 'id' })
  @ApiOkResponse({ type: DataSourceDto })
  get(@Param('id') id: string, @CallerOf() caller: Caller): Promise<DataSourceDto> {
    return this.dataSources.get(id, caller);
  }

  @Post()
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT', 'DATA_SOURCE_UNSUPPORTED')
  @ApiCreatedResponse({ type: DataSourceDto })
  create(@Body() body: DataSourceCreateDto, @CallerOf() caller: Caller): Promise<DataSourceDto> {
    return this.dataSources.create(body, caller);
  }

  /** Logs in from the manager's machine and says what the database is, what the user may do, and what a source would lack. */
  @Post(':id/check')
  @Allows('operator', { dataSource: 'id' })
  @HttpCode(200)
  @ApiOkResponse({ type: DataSourceCheckDto })
  check(@Param('id') id: string): Promise<DataSourceCheckDto> {
    return this.checker.check(id);
  }

  /** Makes a standby the first server of the group, the first a standby, after a look at whether it would do. */
  @Post(':id/switch')
  @Allows('admin')
  @FailsWith(...OF_DEFINITIONS, ...OF_DATABASES)
  @TakesComment()
  @HttpCode(200)
  @ApiOkResponse({ type: DataSourceDto })
  switch(
    @Param('id') id: string,
    @Body() body: DataSourceSwitchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<DataSourceDto> {
    return this.primary.switch(id, body, { caller, ifMatch });
  }

  @Patch(':id')
  @Allows('admin')
  @FailsWith(...OF_DEFINITIONS)
  @TakesComment()
  @ApiOkResponse({ type: DataSourceDto })
  change(
    @Param('id') id: string,
    @Body() body: DataSourcePatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<DataSourceDto> {
    return this.dataSources.change(id, body, { caller, ifMatch });
  }

  @Delete(':id')
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(@Param('id') id: string, @CallerOf() caller: Caller, @Headers('if-match') ifMatch?: string): Promise<void> {
    return this.dataSources.remove(id, { caller, ifMatch });
  }
}
