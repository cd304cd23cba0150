import { Get, Header, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Access } from '../access/access.ts';
import { Allows } from '../access/allows.decorator.ts';
import type { Caller } from '../access/caller.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { StatisticQuery, StatisticsDto, TableStatisticQuery, TableStatisticsDto } from './statistic.dto.ts';
import { StatisticService } from './statistic.service.ts';

/** Answers come as text that is kept: nothing is left to be done about them. */
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8'] as const;

@ApiController('statistics', 'Statistics')
export class StatisticsController {
  constructor(
    @Inject(StatisticService) private readonly statistics: StatisticService,
    @Inject(Access) private readonly access: Access,
  ) {}

  /** Figures of a pipeline, a channel, or the whole installation, step by step. */
  @Get()
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND')
  @Header(...JSON_TYPE)
  @ApiOkResponse({ type: StatisticsDto })
  async get(@Query() query: StatisticQuery, @CallerOf() caller: Caller): Promise<string> {
    await this.access.requireOneOf(caller, query);
    return this.statistics.get(query);
  }

  /** Rows of a pipeline by target table. */
  @Get('tables')
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_NOT_FOUND')
  @Header(...JSON_TYPE)
  @ApiOkResponse({ type: TableStatisticsDto })
  async tables(@Query() query: TableStatisticQuery, @CallerOf() caller: Caller): Promise<string> {
    await this.access.requirePipeline(caller, query.pipelineId);
    return this.statistics.tables(query);
  }
}
