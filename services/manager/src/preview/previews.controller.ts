import { Body, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DATABASES, OF_SOURCES } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { PreviewDto, PreviewRequestDto } from './preview.dto.ts';
import { PreviewService } from './preview.service.ts';

/** Of everything that reads a mapping of a request, or rows of a source. */
const OF_MAPPINGS = [
  'RESOURCE_NOT_FOUND',
  'RESOURCE_CONFLICT',
  'DATA_SOURCE_UNSUPPORTED',
  'PIPELINE_SOURCE_UNSUPPORTED',
  'MAPPING_REGEX_INVALID',
  'MAPPING_REGEX_UNSAFE',
  'MAPPING_AGGREGATE_INVALID',
  'MAPPING_EXPRESSION_INVALID',
  'MAPPING_LOOKUP_INVALID',
  'MAPPING_SCRIPT_INVALID',
  'MAPPING_STEP_INVALID',
  'PROCESSOR_NOT_ALLOWED',
  'PROCESSOR_NOT_LOADED',
  'PROCESSOR_SETTINGS_INVALID',
  'SOURCE_SCHEMA_MISMATCH',
] as const;

@ApiController('mappings', 'Mappings')
export class PreviewsController {
  constructor(@Inject(PreviewService) private readonly previews: PreviewService) {}

  /**
   * What a mapping would do with sample rows, or with the newest rows of a source: target tables, values, statements, what is
   * dropped or refused and why. Nothing is written anywhere.
   */
  @Post('preview')
  @Allows('operator', 'filtered')
  @HttpCode(200)
  @FailsWith(...OF_MAPPINGS, ...OF_SOURCES, ...OF_DATABASES)
  @ApiOkResponse({ type: PreviewDto })
  preview(@Body() body: PreviewRequestDto, @CallerOf() caller: Caller): Promise<PreviewDto> {
    return this.previews.preview(body, caller);
  }
}
