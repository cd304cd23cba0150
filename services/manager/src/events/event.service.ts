import type { Clock } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
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
}
