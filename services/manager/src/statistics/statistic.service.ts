import { Between } from 'typeorm';
import { readStatistics } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Store } from '../store/store.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import { StatisticMinuteEntity } from './statistic-minute.entity.ts';
import type { StatisticMinuteDto, StatisticQuery, StatisticsDto } from './statistic.dto.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A week: more than a screen shows, and still one answer. */
const MINUTES_MAX = 10_080;

/** Figures of one pipeline: now, and minute by minute. */
export class StatisticService {
  constructor(
    private readonly store: Store,
    private readonly watch: PipelineWatch,
    private readonly clock: Clock,
  ) {}

  async get(pipelineId: string, { from, to }: StatisticQuery): Promise<StatisticsDto> {
    const nowMs = this.clock.now().getTime();
    const toMs = to === undefined ? nowMs : Date.parse(to);
    const fromMs = from === undefined ? toMs - HOUR_MS : Date.parse(from);
    const minute = Between(Math.floor(fromMs / MINUTE_MS), Math.floor(toMs / MINUTE_MS));
    const rows = await this.store.read(StatisticMinuteEntity, (minutes) =>
      minutes.find({ where: { pipelineId, minute }, order: { minute: 'DESC' }, take: MINUTES_MAX }),
    );
    const reading = readStatistics(this.watch.view(pipelineId).statistics, nowMs);
    const { totals, rowsPerSecond10, rowsPerSecond60, delayMsP50, delayMsP99 } = reading;
    const minutes = rows.reverse().map(minuteOf);
    return { totals, rowsPerSecond10, rowsPerSecond60, delayMsP50, delayMsP99, minutes };
  }
}

function minuteOf(row: StatisticMinuteEntity): StatisticMinuteDto {
  return {
    minute: new Date(row.minute * MINUTE_MS).toISOString(),
    inserted: row.inserted,
    updated: row.updated,
    deleted: row.deleted,
    skipped: row.skipped,
    conflicts: row.conflicts,
    transactions: row.transactions,
    processes: row.processes,
    sourceBytes: row.sourceBytes,
    failures: row.failures,
    warnings: row.warnings,
    deadLetters: row.deadLetters,
    deadLettersRetried: row.deadLettersRetried,
    deadLettersDiscarded: row.deadLettersDiscarded,
    deadLetterRetriesFailed: row.deadLetterRetriesFailed,
    dryRunRows: row.dryRunRows,
    valuesLeftOut: row.valuesLeftOut,
    statementsSkipped: row.statementsSkipped,
    delayMsP50: row.delayMsP50,
    delayMsP99: row.delayMsP99,
  };
}
