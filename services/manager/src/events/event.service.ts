import type { Clock, LutraEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import type { RunbookLinks } from '../runbook/runbook-links.ts';
import { DEFAULT_KINDS } from './event.dto.ts';
import type { EventListDto, EventQuery } from './event.dto.ts';

const DEFAULT_AGE_MS = 3_600_000;

/** Reads the event log. */
export class EventService {
  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly links: RunbookLinks,
    private readonly access: Access,
  ) {}

  async list({ kinds, since, limit }: EventQuery, pipelineId?: string): Promise<EventListDto> {
    const items = await this.bus.readEvents({
      ...(pipelineId === undefined ? {} : { pipelineId }),
      kinds: kinds ?? DEFAULT_KINDS,
      since: since === undefined ? new Date(this.clock.now().getTime() - DEFAULT_AGE_MS) : new Date(since),
      limit,
    });
    return { items: items.map((event) => this.links.inEvent(event)), total: items.length };
  }

  /** The newest events of everything that the caller may see. */
  async listVisible(query: EventQuery, caller: Caller): Promise<EventListDto> {
    const pipelineIds = await this.access.pipelineIds(caller);
    if (pipelineIds === null) return this.list(query);
    const found: LutraEvent[] = [];
    // One after the other: each is a reading of the log, and a key with a hundred pipelines asks for no more at once than others.
    for (const pipelineId of pipelineIds) found.push(...(await this.list(query, pipelineId)).items);
    const items = found.sort((one, other) => Date.parse(one.at) - Date.parse(other.at)).slice(-query.limit);
    return { items, total: items.length };
  }
}
