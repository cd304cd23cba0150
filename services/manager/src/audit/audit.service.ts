import { must } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Caller } from '../access/caller.ts';
import { findPage } from '../store/find-page.ts';
import type { Store } from '../store/store.ts';
import { CHAIN_START, hashOfEntry } from './audit-chain.ts';
import type { ChainedEntry } from './audit-chain.ts';
import { AuditEntryEntity } from './audit-entry.entity.ts';
import type {
  AuditCheckDto,
  AuditCheckQuery,
  AuditEntryDto,
  AuditListDto,
  AuditQuery,
  BrokenEntryDto,
} from './audit.dto.ts';
import { recordAudit } from './record-audit.ts';

/** Entries of one statement, and of one answer: some seconds at most. */
const PAGE_ENTRIES = 1_000;
const CHECKED_MAX = 20_000;
/** The column's width. */
const PATH_CHARS_MAX = 128;

/** Reads what was written through the API, and tells whether it is still what was written. */
export class AuditService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** A write that somebody tried who may not; `path` without its query. */
  async recordRefused(
    caller: Caller,
    { method, path }: { readonly method: string; readonly path: string },
  ): Promise<void> {
    const { role, channelIds } = caller;
    const after = { method, path: path.slice(0, PATH_CHARS_MAX), role, channelIds };
    const write = { action: 'refused', resource: 'request', resourceId: after.path, before: null, after } as const;
    await this.store.run((manager) => recordAudit(manager, write, { caller, at: this.clock.now() }));
  }

  async list({ page, pageSize, resourceId }: AuditQuery): Promise<AuditListDto> {
    const [entries, total] = await this.store.run((manager) =>
      findPage(manager, AuditEntryEntity, {
        ...{ page, pageSize, where: resourceId === undefined ? {} : { resourceId } },
        order: [['number', 'DESC']],
        // Nothing is ever removed: as many as the last one's number.
        total: resourceId === undefined ? async () => (await this.head()).number : undefined,
      }),
    );
    return { items: entries.map(dtoOf), total };
  }

  /** Walks the chain behind `after`, as far as one answer reaches. Entries that are added meanwhile are left for the next walk. */
  async verify({ after }: AuditCheckQuery): Promise<AuditCheckDto> {
    const head = await this.head();
    const end = Math.min(head.number, after + CHECKED_MAX);
    let point = await this.pointAt(after);
    let broken = point === null || after > head.number ? missing(after) : null;
    while (point !== null && broken === null && point.number < end) {
      const page = await this.rows<StoredEntry>(ENTRIES, [point.number, Math.min(end, point.number + PAGE_ENTRIES)]);
      broken = page.length === 0 ? missing(point.number + 1) : findBroken(page, point);
      point = pointOf(page.at(-1) ?? point);
    }
    const reached = broken?.number ?? end;
    if (broken === null && end === head.number && point?.hash !== head.hash) broken = unlike(head.number);
    const next = broken === null && end < head.number ? end : null;
    return { isIntact: broken === null, after, checkedCount: Math.max(0, reached - after), next, broken, head };
  }

  private async pointAt(number: number): Promise<ChainPoint | null> {
    if (number === 0) return { number, hash: CHAIN_START };
    const [entry] = await this.rows<StoredPoint>('SELECT number, hash FROM audit_entry WHERE number = ?', [number]);
    return entry === undefined ? null : pointOf(entry);
  }

  private async head(): Promise<ChainPoint> {
    const [stored] = await this.rows<StoredPoint>('SELECT number, hash FROM audit_head WHERE id = 1', []);
    return pointOf(must(stored, 'a migration puts the head there'));
  }

  private rows<T>(statement: string, parameters: readonly number[]): Promise<readonly T[]> {
    return this.store.run((manager) => manager.query<readonly T[]>(statement, [...parameters]));
  }
}

interface ChainPoint {
  readonly number: number;
  readonly hash: string;
}

/** The driver hands a BIGINT over as text. */
interface StoredPoint {
  readonly number: string | number;
  readonly hash: string;
}
type StoredEntry = Omit<ChainedEntry, 'number'> & StoredPoint;

const ENTRIES = `SELECT number, id, at, who_id AS whoId, who, action, resource, resource_id AS resourceId,
  \`before\`, \`after\`, hash FROM audit_entry WHERE number > ? AND number <= ? ORDER BY number`;

const pointOf = ({ number, hash }: StoredPoint): ChainPoint => ({ number: Number(number), hash });

/** The first entry of the page that does not follow from the one before it. */
function findBroken(page: readonly StoredEntry[], before: ChainPoint): BrokenEntryDto | null {
  let { number, hash } = before;
  for (const entry of page) {
    number += 1;
    if (Number(entry.number) !== number) return missing(number);
    if (hashOfEntry(hash, { ...entry, number }) !== entry.hash) return unlike(number, entry.id);
    ({ hash } = entry);
  }
  return null;
}

const missing = (number: number): BrokenEntryDto => ({
  number,
  id: null,
  problem: `Entry ${String(number)} is missing`,
});

const unlike = (number: number, id: string | null = null): BrokenEntryDto => ({
  number,
  id,
  problem: `Entry ${String(number)} is not what was written, or stands in another's place`,
});

function dtoOf(entry: AuditEntryEntity): AuditEntryDto {
  const { id, number, at, whoId, who, action, resource, resourceId, before, after } = entry;
  return { id, number, at: at.toISOString(), whoId, who, action, resource, resourceId, before, after };
}
