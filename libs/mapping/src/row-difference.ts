import { changesColumn, SyncError } from '@lutra/model';
import type { RowChange, RowImage } from '@lutra/model';
import type { RowFacts } from './compiled-value.ts';
import type { ImageColumns } from './image-columns.ts';
import { NO_PLACES } from './image-rows.ts';
import type { ImageRows, RowPlace } from './image-rows.ts';
import { imagesOf } from './mapped-change.ts';
import type { MappedChange } from './mapped-change.ts';
import type { PlacedFlag } from './soft-delete.ts';

/** What the rows that one row becomes may hold together: as much as the two images of the largest row that there is. */
const BYTES_MAX = 134_217_728;
/** What a number or a date takes, about. */
const SMALL_BYTES = 8;

interface Parts {
  readonly images: ImageColumns;
  readonly flag: PlacedFlag | null;
  /** Positions of the key in the source's columns. */
  readonly key: readonly number[];
  readonly name: { readonly mapping: string; readonly table: string };
}

/** What the set of target rows before a change and that after it differ in. */
export class RowDifference {
  constructor(private readonly parts: Parts) {}

  /** Throws what says that it cannot be told which rows there are, and ROW_TOO_LARGE. */
  of(change: RowChange, rows: ImageRows, facts: RowFacts): readonly MappedChange[] {
    const { flag, images } = this.parts;
    const { before, after } = imagesOf(change);
    const was = before === null ? NO_PLACES : rows.placesOf(before, facts, change);
    const is = after === null ? NO_PLACES : rows.placesOf(after, facts, change);
    const changes: MappedChange[] = [];
    const remaining = new Map<string, RowPlace>();
    for (const place of is) remaining.set(place.identity, place);
    const isMoved = flag !== null && this.changesKey(change);
    // What goes away goes first: another row may take its key or its unique values.
    for (const place of was) if (isMoved || !remaining.has(place.identity)) changes.push(this.deleted(place, facts));
    if (!isMoved)
      for (const { identity, target, image } of was) {
        const now = remaining.get(identity);
        if (now === undefined) continue;
        remaining.delete(identity);
        const old = images.before(image, facts);
        changes.push({ kind: 'update', target, before: old, after: images.after(now.image, facts) });
      }
    for (const { target, image } of remaining.values())
      changes.push({ kind: 'insert', target, after: images.after(image, facts) });
    // Without explode there are two at most.
    if (changes.length > 2) this.refuseLarge(changes);
    return changes;
  }

  /** Flagged where that is the rule: the row stays as it was, and tells of the change that deleted it. */
  deleted({ target, image }: Pick<RowPlace, 'target' | 'image'>, facts: RowFacts): MappedChange {
    const { flag, images } = this.parts;
    const before = images.before(image, facts);
    if (flag === null) return { kind: 'delete', target, before };
    const after = images.after(image, facts);
    after[flag.position] = flag.deleted;
    return { kind: 'update', target, before, after };
  }

  /** A flagged row may stand under the key that the row now has; and that under its old key is to stay, flagged. */
  private changesKey(change: RowChange): boolean {
    if (change.kind !== 'update') return false;
    const { before, after } = change;
    return this.parts.key.some((position) => changesColumn(before, after, position));
  }

  /** Throws ROW_TOO_LARGE: values that are few in one row may be very many in all that it becomes. */
  private refuseLarge(changes: readonly MappedChange[]): void {
    let bytes = 0;
    for (const change of changes) {
      if (change.kind !== 'insert') bytes += bytesOf(change.before);
      if (change.kind !== 'delete') bytes += bytesOf(change.after);
    }
    if (bytes <= BYTES_MAX) return;
    const { mapping, table } = this.parts.name;
    const problem = `A row of ${table} becomes ${String(changes.length)} rows under mapping ${mapping}, which together are larger than a row may be`;
    throw new SyncError('ROW_TOO_LARGE', { problem, mapping, table });
  }
}

/** An estimate: what is small counts as a few bytes. */
function bytesOf(image: RowImage): number {
  let bytes = 0;
  for (const value of image)
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length + SMALL_BYTES : SMALL_BYTES;
  return bytes;
}
