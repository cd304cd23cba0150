import type { LogLine } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { requireVisible } from '../access/access.ts';
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import type { LogListDto, LogQuery } from './log.dto.ts';

/** Lines that are looked through for a trace, or for those that a caller may see. */
const LOOKED_THROUGH = 5_000;

/** The newest warnings and errors of all instances. Whole logs are where standard output of the services goes. */
export class LogService {
  constructor(
    private readonly bus: Bus,
    private readonly access: Access,
  ) {}

  /** A caller who is limited to channels sees the lines of its pipelines. Throws RESOURCE_NOT_FOUND for another pipeline. */
  async list({ service, level, pipeline, traceId, since, limit }: LogQuery, caller: Caller): Promise<LogListDto> {
    const visible = await this.access.pipelineIds(caller);
    if (pipeline !== undefined) requireVisible(visible, pipeline);
    const isWanted = (line: LogLine): boolean =>
      (traceId === undefined || line.traceId === traceId) &&
      (visible === null || (line.pipelineId !== null && visible.includes(line.pipelineId)));
    const isSifted = traceId !== undefined || (visible !== null && pipeline === undefined);
    const found = await this.bus.readLogs({
      ...(service === undefined ? {} : { service }),
      ...(level === 'error' ? { level } : {}),
      ...(pipeline === undefined ? {} : { pipelineId: pipeline }),
      ...(since === undefined ? {} : { since: new Date(since) }),
      limit: isSifted ? LOOKED_THROUGH : limit,
    });
    const items = found.filter(isWanted).slice(-limit);
    return { items, total: items.length };
  }
}
