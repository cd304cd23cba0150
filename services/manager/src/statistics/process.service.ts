import type { Clock } from '@lutra/model';
import { loadedProcessDtoOf } from '../pipelines/loaded-process-dto.ts';
import type { ProcessListDto } from '../pipelines/process.dto.ts';
import { requireStored } from '../store/require-stored.ts';
import type { Store } from '../store/store.ts';
import type { ProcessHistory } from './process-history.ts';
import type { ProcessQuery } from './process-query.dto.ts';
import { requireOrder } from './read-range.ts';

/** Shown where nobody says from when on. */
const DAY_MS = 86_400_000;

/** Processes that are loaded: which, how long each stage had them, and which took longest. */
export class ProcessService {
  constructor(
    private readonly parts: { readonly store: Store; readonly history: ProcessHistory; readonly clock: Clock },
  ) {}

  /** Throws RESOURCE_NOT_FOUND, REQUEST_INVALID. */
  async list({ pipelineId, from, to, slowest, page, pageSize }: ProcessQuery): Promise<ProcessListDto> {
    const { store, history, clock } = this.parts;
    const toMs = to === undefined ? clock.now().getTime() : Date.parse(to);
    const fromMs = from === undefined ? toMs - DAY_MS : Date.parse(from);
    requireOrder(fromMs, toMs);
    await requireStored(store, 'pipeline', pipelineId);
    const { items, total } = await history.list({
      ...{ pipelineId, fromMs, toMs },
      order: slowest ? 'slowest' : 'newest',
      offset: (page - 1) * pageSize,
      limit: pageSize,
    });
    return { items: items.map(loadedProcessDtoOf), total };
  }
}
