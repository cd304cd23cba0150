import type { Identity, TableWriter } from '@lutra/sql';
import { concatenated } from './concatenated.ts';
import { touchedValues } from './group-rows.ts';
import { laneOf } from './lane-of.ts';
import type { WritableRow } from './planned-statement.ts';

/** Consecutive whole processes that are written together, and all before those of the next segment. */
export type Segment =
  | {
      /** One target transaction, which moves all lanes. */
      readonly kind: 'joint';
      readonly processCount: number;
      readonly rows: readonly WritableRow[];
    }
  | {
      /** One unit per lane, independent of each other; some may be empty. */
      readonly kind: 'lanes';
      readonly processCount: number;
      readonly units: readonly (readonly WritableRow[])[];
    };

export interface SegmentOptions {
  readonly lanes: number;
  /** Everything in one segment: applyMode transactional, lanes that stand at different places. */
  readonly isJoint: boolean;
  /** Fewer rows than this are not worth a transaction per lane. */
  readonly parallelRowsMin?: number;
  /** Whether it is stored by what the rows of the table are spread; until then they are written together. Absent = of all tables. */
  readonly isStored?: (writer: TableWriter) => boolean;
  /** Whether every row of the table keeps its place, also among rows of other lanes. Absent = of none. */
  readonly isOrdered?: (writer: TableWriter) => boolean;
}

/** About as many rows as the server writes while it makes one transaction durable. */
const PARALLEL_ROWS_MIN = 500;

/**
 * Cuts a batch, given as the rows of each process in order, at process borders. In a `lanes` segment no two lanes touch the
 * same value of a unique index, and every row belongs to one lane; a process of which that cannot be said is joint.
 */
export function planSegments(
  processes: readonly (readonly WritableRow[])[],
  {
    lanes,
    isJoint,
    parallelRowsMin = PARALLEL_ROWS_MIN,
    isStored = () => true,
    isOrdered = () => false,
  }: SegmentOptions,
): readonly Segment[] {
  if (lanes === 1 || isJoint)
    return processes.length === 0
      ? []
      : [{ kind: 'joint', processCount: processes.length, rows: concatenated(processes) }];
  const runs: Run[] = [];
  let run: Run | null = null;
  for (const rows of processes) {
    const placed: Placed = run === null ? 'cut' : run.take(rows);
    if (placed === 'taken') continue;
    run = new Run(lanes, isOrdered);
    if (placed === 'cut' && run.take(rows) === 'taken') runs.push(run);
    else {
      runs.push(Run.ofBarrier(rows));
      run = null;
    }
  }
  return joinSmall(runs, (run) => run.rowCount >= parallelRowsMin && run.isSpread(isStored));
}

/** cut: it would be independent by itself. */
type Placed = 'taken' | 'cut' | 'barrier';

/** Processes whose rows are independent between lanes, or one that is not. */
class Run {
  readonly processes: (readonly WritableRow[])[] = [];
  readonly units: WritableRow[][];
  rowCount = 0;
  isBarrier = false;
  /** For each index of a table: lane and process (of this run) that touched a value last. */
  private readonly touched = new Map<string, Map<Identity, number>[]>();
  /** How the rows of a table are spread over lanes, and the process that has said so first. */
  private readonly spread = new Map<string, { readonly isSerial: boolean; readonly process: number }>();
  private lastWriter: TableWriter | null = null;

  constructor(
    private readonly lanes: number,
    private readonly isOrdered: (writer: TableWriter) => boolean,
  ) {
    this.units = Array.from({ length: lanes }, () => []);
  }

  static ofBarrier(rows: readonly WritableRow[]): Run {
    const run = new Run(0, () => true);
    run.isBarrier = true;
    run.processes.push(rows);
    run.rowCount = rows.length;
    return run;
  }

  take(rows: readonly WritableRow[]): Placed {
    const lanes: number[] = [];
    let isCut = false;
    for (const row of rows) {
      const lane = laneOf(row, this.lanes);
      if (lane === 'several') return 'barrier';
      for (const clash of [this.spreadAs(row.writer), this.touch(row, lane)]) {
        if (clash === 'barrier') return clash;
        isCut ||= clash === 'cut';
      }
      lanes.push(lane);
    }
    if (isCut) return 'cut';
    for (const [index, row] of rows.entries()) this.units[lanes[index] ?? 0]?.push(row);
    this.processes.push(rows);
    this.rowCount += rows.length;
    return 'taken';
  }

  /** Whether it is stored by what the rows of all its tables are spread. */
  isSpread(isStored: (writer: TableWriter) => boolean): boolean {
    const known = new Set<TableWriter>();
    let last: TableWriter | null = null;
    for (const rows of this.processes)
      for (const { writer } of rows) {
        if (writer === last || known.has(writer)) continue;
        if (!isStored(writer)) return false;
        known.add((last = writer));
      }
    return true;
  }

  /**
   * Rows of one table are either spread by their keys or all in one lane: a source table that was altered may have rows of
   * both ways, and then one key would be in two lanes.
   */
  private spreadAs(writer: TableWriter): Placed {
    if (writer === this.lastWriter) return 'taken';
    if (this.isOrdered(writer)) return 'barrier';
    const { domain, identities } = writer;
    const isSerial = identities === null;
    const process = this.processes.length;
    const known = this.spread.get(domain);
    if (known === undefined) this.spread.set(domain, { isSerial, process });
    else if (known.isSerial !== isSerial) return known.process === process ? 'barrier' : 'cut';
    this.lastWriter = writer;
    return 'taken';
  }

  private touch(row: WritableRow, lane: number): Placed {
    const { identities, domain } = row.writer;
    if (identities === null || identities.others.length === 0) return 'taken';
    const values = touchedValues(identities.others, row);
    if (values === null) return 'barrier';
    let indexes = this.touched.get(domain);
    if (indexes === undefined) this.touched.set(domain, (indexes = []));
    const process = this.processes.length;
    let placed: Placed = 'taken';
    for (const [number, value] of values.entries()) {
      if (value === undefined) continue;
      const owners = (indexes[number >> 1] ??= new Map<Identity, number>());
      const owner = owners.get(value);
      if (owner !== undefined && owner % this.lanes !== lane) {
        if (Math.floor(owner / this.lanes) === process) return 'barrier';
        placed = 'cut';
      }
      owners.set(value, process * this.lanes + lane);
    }
    return placed;
  }
}

/** Runs that are not written by lanes become joint, and joint neighbours one segment. */
function joinSmall(runs: readonly Run[], isWorthLanes: (run: Run) => boolean): readonly Segment[] {
  const segments: Segment[] = [];
  for (const run of runs) {
    const { processes, units, isBarrier } = run;
    if (!isBarrier && isWorthLanes(run)) {
      segments.push({ kind: 'lanes', processCount: processes.length, units });
      continue;
    }
    const last = segments.at(-1);
    if (last?.kind === 'joint')
      segments[segments.length - 1] = {
        kind: 'joint',
        processCount: last.processCount + processes.length,
        rows: concatenated([last.rows, ...processes]),
      };
    else segments.push({ kind: 'joint', processCount: processes.length, rows: concatenated(processes) });
  }
  return segments;
}
