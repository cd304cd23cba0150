import type { Place } from '@lutra/model';
import { isBefore, pointOf } from './source-log.ts';
import type { LogPoint } from './source-log.ts';
import type { SqlRow } from './sql-expression.ts';
import type { RowWrite } from './target-server.ts';

/** A lane's row as it stands at the target. */
export interface LaneAtTarget {
  readonly epoch: number;
  readonly owner: string;
  readonly step: number;
  readonly revision: number;
  readonly point: LogPoint;
}

/** What one commit did to one lane's row. */
export interface LaneChange {
  readonly lane: string;
  readonly before: LaneAtTarget | null;
  readonly after: LaneAtTarget | null;
  /** How often the transaction wrote the row. */
  readonly times: number;
}

/** The rows of `lutra.checkpoint` of one pipeline, as they are committed. */
export class LanesAtTarget {
  private lanes: ReadonlyMap<string, LaneAtTarget> = new Map();

  /** Takes in what a commit wrote. */
  commit(writes: readonly RowWrite[]): readonly LaneChange[] {
    const lanes = new Map(this.lanes);
    const changes = writes.map(({ key, before, after, times }) => {
      const change = { lane: key, before: laneIn(before), after: laneIn(after), times };
      if (change.after === null) lanes.delete(key);
      else lanes.set(key, change.after);
      return change;
    });
    this.lanes = lanes;
    return changes;
  }

  get all(): readonly LaneAtTarget[] {
    return [...this.lanes.values()];
  }

  /** The place that every lane has reached; null before the origin. */
  get low(): LogPoint | null {
    return this.all.reduce<LogPoint | null>(
      (low, { point }) => (low === null || isBefore(point, low) ? point : low),
      null,
    );
  }

  /** The place that one lane at least has reached. */
  get high(): LogPoint | null {
    return this.all.reduce<LogPoint | null>(
      (high, { point }) => (high === null || isBefore(high, point) ? point : high),
      null,
    );
  }
}

function laneIn(row: SqlRow | null): LaneAtTarget | null {
  if (row === null) return null;
  return {
    epoch: Number(row['epoch']),
    owner: String(row['owner']),
    step: Number(row['step']),
    revision: Number(row['revision']),
    point: pointIn(row),
  };
}

function pointIn(row: SqlRow): LogPoint {
  const inside: unknown = row['inside'];
  return pointOf({
    done: JSON.parse(String(row['done'])) as Place['done'],
    inside: typeof inside === 'string' ? (JSON.parse(inside) as Place['inside']) : null,
  });
}
