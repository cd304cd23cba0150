import { Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { StatisticQuery, StatisticsDto, TableStatisticQuery, TableStatisticsDto } from './statistic.dto.ts';
import { StatisticService } from './statistic.service.ts';

@ApiController('statistics', 'Statistics')
export class StatisticsController {
  constructor(@Inject(StatisticService) private readonly statistics: StatisticService) {}

  /** Figures of a pipeline, a channel, or the whole installation, step by step. */
  @Get()
  @ApiOkResponse({ type: StatisticsDto })
  get(@Query() query: StatisticQuery): Promise<StatisticsDto> {
    return this.statistics.get(query);
  }

  /** Rows of a pipeline by target table. */
  @Get('tables')
  @ApiOkResponse({ type: TableStatisticsDto })
  tables(@Query() query: TableStatisticQuery): Promise<TableStatisticsDto> {
    return this.statistics.tables(query);
  }
}
