import { ensureLaneShapeTable, readLaneShapes, storeLaneShapes } from '@lutra/sql';
import type { LaneShape, TableWriter, TargetSession, TargetStatement } from '@lutra/sql';
import type { ApplyOptions } from './lane.ts';
import { laneShape } from './plan/lane-shape.ts';
import type { WritableRow } from './plan/planned-statement.ts';

/** As many tables as a catalog keeps in mind: with more, those that are written less often are stored again and again. */
const KEPT_SHAPES_MAX = 10_000;

/** Who is asked, and with what patience. */
interface Target {
  ask<T>(question: (session: TargetSession) => Promise<T>, options: ApplyOptions): Promise<T>;
}

/** Shapes on their way into the target. */
export interface StoredShapes {
  readonly statements: readonly TargetStatement[];
  /** The transaction that holds them is committed. */
  committed(): void;
}

/**
 * By what the rows of each table were spread over lanes, as it stands at the target. Invariant: before the first transaction
 * of a `lanes` segment commits, the shape of every table of which it has rows is stored; and while lanes stand at different
 * places nothing is stored. So lanes that a claim finds uneven were spread by what it finds stored, and a row of a table
 * that has another shape now, or none stored, may be of another lane than it was: what that lane has done says nothing of it.
 *
 * Stored is by transactions that move all lanes, and only while they are even: the move fences them, and the shape of even
 * lanes is nobody's concern.
 */
export class LaneShapes {
  private readonly claimed: ReadonlyMap<string, string>;
  private readonly stored: Map<string, string>;
  private isReady = false;
  private changes = 0;

  /** `isKept`: false where nothing is written by lanes, or nothing at all. */
  constructor(
    private readonly pipelineId: string,
    claimed: readonly LaneShape[],
    private readonly options: { readonly isKept: boolean },
  ) {
    this.claimed = new Map(claimed.map((each) => [idOf(each), each.shape]));
    this.stored = new Map(this.claimed);
  }

  /** Grows when a shape is not stored any more: what was planned by it has to be planned anew. */
  get version(): number {
    return this.changes;
  }

  /** Reads them when the checkpoint is claimed: no older loader can write them any more. */
  static async read(
    session: TargetSession,
    pipelineId: string,
    options: { readonly isKept: boolean },
  ): Promise<LaneShapes> {
    return new LaneShapes(pipelineId, await readLaneShapes(session, pipelineId), options);
  }

  /** Whether the rows of the table were spread, when the claimed places were written, as they are now. */
  isAsClaimed(writer: TableWriter): boolean {
    return this.claimed.get(idOf(writer.target)) === laneShape(writer);
  }

  /** Whether rows of the table may be written by lanes. */
  isStored(writer: TableWriter): boolean {
    return !this.options.isKept || this.stored.get(idOf(writer.target)) === laneShape(writer);
  }

  /** Asked before the first segment for several lanes; makes their table where it is missing. Throws TARGET_GRANT_MISSING. */
  async prepare(target: Target, options: ApplyOptions): Promise<void> {
    if (this.isReady || !this.options.isKept) return;
    await target.ask(ensureLaneShapeTable, options);
    this.isReady = true;
  }

  /** What a transaction that moves all lanes, even before and behind it, stores of the tables of its rows. */
  storing(rows: readonly WritableRow[]): StoredShapes {
    const wanted = new Map<string, LaneShape>();
    let last: TableWriter | null = null;
    for (const { writer } of rows) {
      if (writer === last) continue;
      last = writer;
      const { schema, table } = writer.target;
      if (!this.isStored(writer)) wanted.set(idOf(writer.target), { schema, table, shape: laneShape(writer) });
    }
    const isAnew = wanted.size > 0 && this.stored.size + wanted.size > KEPT_SHAPES_MAX;
    return {
      statements: wanted.size === 0 ? [] : storeLaneShapes(this.pipelineId, [...wanted.values()], { isAnew }),
      committed: () => {
        if (isAnew || [...wanted.keys()].some((id) => this.stored.has(id))) this.changes += 1;
        if (isAnew) this.stored.clear();
        for (const [id, { shape }] of wanted) this.stored.set(id, shape);
      },
    };
  }
}

const idOf = ({ schema, table }: { readonly schema: string; readonly table: string }): string =>
  JSON.stringify([schema, table]);
