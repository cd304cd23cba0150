import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DEFINITIONS } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import { PageQuery } from '../http/list-query.dto.ts';
import type { Caller } from '../http/token.guard.ts';
import { MappingImportDto, MappingImportQuery, MappingImportResultDto } from '../mapping-import/mapping-import.dto.ts';
import { MappingImporter } from '../mapping-import/mapping-importer.ts';
import { MappingCreateDto, MappingDto, MappingListDto, MappingPatchDto } from './mapping.dto.ts';
import { MappingService } from './mapping.service.ts';
import { TableResolver } from './table-resolver.ts';
import { ResolveQuery, TableResolutionDto } from './table-resolution.dto.ts';

@ApiController('pipelines/:pipelineId/mappings', 'Mappings')
export class MappingsController {
  constructor(
    @Inject(MappingService) private readonly mappings: MappingService,
    @Inject(TableResolver) private readonly resolver: TableResolver,
    @Inject(MappingImporter) private readonly importer: MappingImporter,
  ) {}

  @Get()
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: MappingListDto })
  list(@Param('pipelineId') pipelineId: string, @Query() query: PageQuery): Promise<MappingListDto> {
    return this.mappings.list(pipelineId, query);
  }

  /** What would happen to a table of this name: the mappings that cover it, the most specific first, and why the others do not. */
  @Get('resolve')
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: TableResolutionDto })
  resolve(@Param('pipelineId') pipelineId: string, @Query() query: ResolveQuery): Promise<TableResolutionDto> {
    return this.resolver.resolve(pipelineId, query);
  }

  @Get(':id')
  @Allows('viewer', { pipeline: 'pipelineId' })
  @ApiOkResponse({ type: MappingDto })
  get(@Param('pipelineId') pipelineId: string, @Param('id') id: string): Promise<MappingDto> {
    return this.mappings.get({ pipelineId, id });
  }

  @Post()
  @Allows('admin', { pipeline: 'pipelineId' })
  @FailsWith(...OF_DEFINITIONS)
  @TakesComment()
  @ApiCreatedResponse({ type: MappingDto })
  create(
    @Param('pipelineId') pipelineId: string,
    @Body() body: MappingCreateDto,
    @CallerOf() caller: Caller,
  ): Promise<MappingDto> {
    return this.mappings.create(pipelineId, body, caller);
  }

  /** Many at once, as text or CSV: all or nothing, with an answer for each line. If-Match is the version of the pipeline. */
  @Post('import')
  @Allows('admin', { pipeline: 'pipelineId' })
  @FailsWith(...OF_DEFINITIONS)
  @TakesComment()
  @HttpCode(200)
  @ApiOkResponse({ type: MappingImportResultDto })
  import(
    @Param('pipelineId') pipelineId: string,
    @Body() body: MappingImportDto,
    @Query() { dryRun }: MappingImportQuery,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<MappingImportResultDto> {
    return this.importer.import(body, { pipelineId, isDryRun: dryRun, caller, ifMatch });
  }

  @Patch(':id')
  @Allows('admin', { pipeline: 'pipelineId' })
  @FailsWith(...OF_DEFINITIONS)
  @TakesComment()
  @ApiOkResponse({ type: MappingDto })
  change(
    @Param() { pipelineId, id }: Record<'pipelineId' | 'id', string>,
    @Body() body: MappingPatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<MappingDto> {
    return this.mappings.change({ pipelineId, id }, body, { caller, ifMatch });
  }

  @Delete(':id')
  @Allows('admin', { pipeline: 'pipelineId' })
  @FailsWith(...OF_DEFINITIONS)
  @TakesComment()
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(
    @Param() { pipelineId, id }: Record<'pipelineId' | 'id', string>,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    return this.mappings.remove({ pipelineId, id }, { caller, ifMatch });
  }
}
