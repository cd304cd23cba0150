import { intersectPlaces, isSamePlace, must, unionPlaces } from '@lutra/model';
import type { Place } from '@lutra/model';
import type { CheckpointClaim, CheckpointMove, CheckpointRow, LaneStep } from '@lutra/sql';

interface LaneRow {
  readonly lane: number;
  readonly step: number;
  readonly place: Place;
}

/**
 * The checkpoint's rows as this epoch knows them to be committed: one for each lane, by index (the numbers in the table are
 * libs/sql's business). Invariant: a row's place only grows, its step by one with each transaction that moves it. Lanes are
 * even between two segments, unless the claim found them uneven: then each place is the union of what the lane had and what
 * has been written since.
 */
export class LaneRows {
  private rows: readonly LaneRow[];
  private common: Place | null = null;
  private even = false;
  /**
   * The newest revision under which lanes were left at different places. They keep it until they are even: it says which lane
   * a row belonged to when it was written, or not, and a crash before that has to find it again. Null = even since.
   */
  private unevenRevision: number | null;

  constructor(
    private readonly claim: CheckpointClaim,
    claimed: readonly CheckpointRow[],
  ) {
    this.rows = claimed.map(({ lane, step, place }) => ({ lane, step, place }));
    this.unevenRevision = Math.max(...claimed.map(({ revision }) => revision));
    this.look();
  }

  get count(): number {
    return this.rows.length;
  }

  /** Whether all lanes stand at one place. */
  get isEven(): boolean {
    return this.even;
  }

  /** What all lanes have done. */
  get reached(): Place {
    return (this.common ??= intersectPlaces(this.rows.map(({ place }) => place)));
  }

  /** The move of the lanes with these indexes (ascending) to `end`, or, without one, a step that leaves their places as they are. */
  moveOf(
    indexes: readonly number[],
    to: { readonly end: Place | null; readonly revision: number; readonly sessionOf: (index: number) => number },
  ): CheckpointMove {
    const { end, revision, sessionOf } = to;
    const lanes = indexes.map((index) => {
      const { lane, step, place } = must(this.rows[index], 'units name lanes that there are');
      const next = end === null ? place : this.even ? end : unionPlaces(place, end);
      return { lane, step, place: next, sessionId: sessionOf(index) };
    });
    return { ...this.claim, lanes, revision: this.unevenRevision ?? revision };
  }

  /** The move is committed. */
  moved({ lanes }: Pick<CheckpointMove, 'lanes'>): void {
    this.rows = this.rows.map((row) => {
      const move = lanes.find(({ lane }) => lane === row.lane);
      return move === undefined ? row : { lane: row.lane, step: move.step + 1, place: move.place };
    });
    this.look();
  }

  /** There are other lanes now, all at one place. */
  relaned(lanes: readonly LaneStep[], place: Place): void {
    this.rows = lanes.map(({ lane, step }) => ({ lane, step, place }));
    this.look();
  }

  /** The steps that are committed. */
  steps(): readonly LaneStep[] {
    return this.rows;
  }

  private look(): void {
    const [first] = this.rows;
    this.even = first !== undefined && this.rows.every(({ place }) => isSamePlace(place, first.place));
    if (this.even) this.unevenRevision = null;
    this.common = this.even && first !== undefined ? first.place : null;
  }
}
