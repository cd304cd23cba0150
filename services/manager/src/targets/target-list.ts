import { SyncError } from '@lutra/model';
import type { ListPage, TargetSession } from '@lutra/sql';
import { requireVisible } from '../access/access.ts';
import type { VisibleIds } from '../access/access.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import type { TargetDoor } from './target-door.ts';
import type { UnavailableTargetDto } from './target-list.dto.ts';

/** What is listed: how one target counts and reads it, and what orders the lists of several. */
export interface TargetListing<T> {
  count(session: TargetSession, pipelineIds: readonly string[]): Promise<number>;
  read(session: TargetSession, pipelineIds: readonly string[], page: ListPage): Promise<readonly T[]>;
  timeOf(item: T): string;
}

export interface TargetListAnswer<T> {
  readonly items: T[];
  readonly total: number;
  readonly unavailable: UnavailableTargetDto[];
}

interface Wanted {
  readonly pipelineId: string | undefined;
  /** Pipelines whose entries may be shown. */
  readonly visible: VisibleIds;
  readonly page: number;
  readonly pageSize: number;
  readonly order: ListPage['order'];
}

/** Beyond this, a list over several targets is asked for one pipeline after the other. */
const MERGED_ITEMS_MAX = 10_000;

/**
 * One page of what targets keep: of the target of one pipeline, which has to be there, or of all targets, whereby those that
 * cannot be asked are named. The targets are asked at the same time.
 */
export async function listAtTargets<T>(
  door: TargetDoor,
  listing: TargetListing<T>,
  { pipelineId, visible, page, pageSize, order }: Wanted,
): Promise<TargetListAnswer<T>> {
  const [offset, limit] = [(page - 1) * pageSize, pageSize];
  if (pipelineId !== undefined) {
    requireVisible(visible, pipelineId);
    return door.ofPipeline(pipelineId, async (session) => {
      const total = await listing.count(session, [pipelineId]);
      const items = total === 0 ? [] : await listing.read(session, [pipelineId], { offset, limit, order });
      return { items: [...items], total, unavailable: [] };
    });
  }
  if (offset + limit > MERGED_ITEMS_MAX) throw tooDeep();
  const targets = await door.shared(visible);
  const parts = await Promise.allSettled(
    targets.map(({ target, pipelineIds }) =>
      door.at(target, async (session) => {
        const total = await listing.count(session, pipelineIds);
        const wanted = { offset: 0, limit: offset + limit, order };
        return { total, items: total === 0 ? [] : await listing.read(session, pipelineIds, wanted) };
      }),
    ),
  );
  const answers = parts.flatMap((part) => (part.status === 'fulfilled' ? [part.value] : []));
  const unavailable = parts.flatMap((part, index) =>
    part.status === 'rejected' ? [unavailableOf(targets[index]?.target.id ?? '', part.reason)] : [],
  );
  const compare = (one: T, other: T): number => (listing.timeOf(one) < listing.timeOf(other) ? -1 : 1);
  const all = answers
    .flatMap(({ items }) => items)
    .sort((a, b) => (order === 'oldestFirst' ? compare(a, b) : compare(b, a)));
  const total = answers.reduce((sum, part) => sum + part.total, 0);
  return { items: all.slice(offset, offset + limit), total, unavailable };
}

function unavailableOf(targetId: string, reason: unknown): UnavailableTargetDto {
  const { code, sentence } = SyncError.of(reason);
  return { targetId, code, detail: sentence };
}

function tooDeep(): SyncError {
  return fieldRefusal(
    'page',
    `page × pageSize must not be greater than ${String(MERGED_ITEMS_MAX)} without pipelineId`,
  );
}
