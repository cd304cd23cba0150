import { compileTargetLookup, SyncError } from '@lutra/model';
import type { PipelineDefinition, Place } from '@lutra/model';
import type { TableWriter, TargetCatalog, TargetInfo, TargetSession } from '@lutra/sql';
import type { Batch } from './batch.ts';
import { confirmShapes } from './confirm-shapes.ts';
import type { ApplyOptions } from './lane.ts';
import type { LaneShapes, StoredShapes } from './lane-shapes.ts';
import type { LaneUnit } from './lane-unit.ts';
import type { SegmentWay } from './lane-use.ts';
import type { ProcessPart } from './loaded-process.ts';
import { wholePart } from './cut-at-borders.ts';
import { concatenated } from './plan/concatenated.ts';
import { laneShape } from './plan/lane-shape.ts';
import { planSegments } from './plan/plan-segments.ts';
import type { Segment } from './plan/plan-segments.ts';
import { planUnit } from './plan/plan-unit.ts';
import type { UnitOptions } from './plan/plan-unit.ts';
import type { PlannedStatement, WritableRow } from './plan/planned-statement.ts';
import { portionsOf } from './portions.ts';
import type { Portions } from './portions.ts';
import type { RowCollector } from './row-collector.ts';
import type { SafeWindow } from './safe-resume.ts';
import type { WriteRules } from './write/write-rules.ts';

/** Characters of one statement. */
const STATEMENT_CHARACTERS_MAX = 1_048_576;

/** What a batch becomes in applyMode merged. */
export interface BatchPlan {
  /** The lanes that it was made for. */
  readonly lanes: number;
  /** What was known of the target's tables. */
  readonly version: number;
  readonly segments: readonly PlannedParts[];
  /** What was known of the shapes that are stored. */
  readonly shapesVersion: number;
}

/** A segment: the processes that it ends with all their rows, and its units. */
export interface PlannedParts {
  /** Indexes into the batch's processes: `to` is not part of it. */
  readonly from: number;
  readonly to: number;
  readonly parts: readonly ProcessPart[];
  readonly end: Place;
  readonly units: readonly { readonly lane: number | 'all'; readonly unit: LaneUnit }[];
}

/** Who is asked about the target's tables, and with what patience. */
export interface TableQuestions {
  ask<T>(question: (session: TargetSession) => Promise<T>, options: ApplyOptions): Promise<T>;
}

/** Makes segments, units and statements of the rows of a batch. Pure but for the look-up of tables. */
export class BatchPlanner {
  constructor(
    private readonly collector: RowCollector,
    private readonly options: {
      readonly info: TargetInfo;
      readonly catalog: TargetCatalog;
      /** Fewer rows than this are written in one transaction of all lanes. */
      readonly parallelRowsMin: number;
      /** How large segments are written best. */
      readonly wayOf: () => SegmentWay;
      readonly rules: WriteRules;
      readonly shapes: LaneShapes;
      readonly recent?: SafeWindow;
    },
  ) {}

  /** Whether the batch can be planned without asking the target. */
  canPlan({ definition, processes }: Batch): boolean {
    return this.collector.knows(processes, definition);
  }

  /** Whether a plan was made for so many lanes and for the tables as they are known now. */
  isFresh(plan: BatchPlan | null, lanes: number): plan is BatchPlan {
    const { catalog, shapes } = this.options;
    return plan?.lanes === lanes && plan.version === catalog.version && plan.shapesVersion === shapes.version;
  }

  /** Looks up the tables of the batch that are not known yet. */
  async learn({ definition, processes }: Batch, target: TableQuestions, options: ApplyOptions): Promise<void> {
    if (this.collector.knows(processes, definition)) return;
    await target.ask((session) => this.collector.learn(session, processes, definition), options);
  }

  /** Of the processes from `first` on. The tables have to be known. `lanes`: how many may write at the same time; 1 = all together. */
  plan({ definition, processes }: Batch, lanes: number, first = 0): BatchPlan {
    const left = processes.slice(first);
    const parts = left.map((loaded) => wholePart(loaded));
    const { sizes } = this.portionsOf(left, definition);
    let taken = 0;
    const portions = sizes.map((size) => this.rowsOf(parts.slice(taken, (taken += size)), definition));
    const { catalog, recent, parallelRowsMin, shapes, wayOf } = this.options;
    // In failoverMode safe the keys that are remembered stand in one row: lanes would wait for one another.
    const isJoint = recent !== undefined || wayOf() === 'joint';
    const isStored = (writer: TableWriter): boolean => shapes.isStored(writer);
    const isOrdered = this.isOrdered(definition);
    const segments = planSegments(portions, { lanes, isJoint, parallelRowsMin, isStored, isOrdered });
    let [from, portion] = [first, 0];
    const planned = segments.map((segment) => {
      const to = from + sum(sizes.slice(portion, (portion += segment.processCount)));
      const part = { from, to, parts: parts.slice(from - first, to - first), end: endOf(processes.slice(from, to)) };
      from = to;
      return { ...part, units: this.unitsOf(segment, definition, lanes) };
    });
    return { lanes, version: catalog.version, shapesVersion: shapes.version, segments: planned };
  }

  /** Whether the batch ends, from the process `first` on, inside a transaction that must not be committed in part. The tables have to be known. */
  endsInside({ definition, processes }: Batch, first = 0): boolean {
    return this.portionsOf(processes.slice(first), definition).isOpen;
  }

  /** One unit of all rows of the parts. */
  unitOfParts(parts: readonly ProcessPart[], { definition }: Batch): LaneUnit {
    return this.unitOf(this.rowsOf(parts, definition), definition);
  }

  private rowsOf(parts: readonly ProcessPart[], definition: PipelineDefinition): readonly WritableRow[] {
    return concatenated(parts.map((part) => this.collector.collect(part, definition)));
  }

  private portionsOf(processes: Batch['processes'], definition: PipelineDefinition): Portions {
    return portionsOf(processes, (loaded, gtid) => this.collector.holdsUnrepeatable(loaded, gtid, definition));
  }

  private unitsOf(segment: Segment, definition: PipelineDefinition, lanes: number): PlannedParts['units'] {
    if (segment.kind === 'joint') {
      const unit = this.unitOf(segment.rows, definition);
      // With one they are either never uneven, or uneven now.
      return [{ lane: 'all', unit: lanes === 1 ? unit : this.storing(unit, segment.rows) }];
    }
    return segment.units.flatMap((rows, lane) =>
      rows.length === 0 ? [] : [{ lane, unit: this.unitOf(rows, definition, 'oneOfLanes') }],
    );
  }

  /** The statements are made at once, and again when the tables turn out to have changed: for the same rows and the same lane. */
  private unitOf(
    collected: readonly WritableRow[],
    definition: PipelineDefinition,
    kind: 'joint' | 'oneOfLanes' = 'joint',
  ): LaneUnit {
    const { catalog, recent, rules } = this.options;
    const options = this.unitOptions(definition);
    const how = rules.howFor(definition);
    const compares = (writer: TableWriter): boolean => how.policyOf(writer).kind !== 'overwrite';
    let rows = collected;
    let statements = planUnit(rows, options);
    const plan = async (session: TargetSession): Promise<readonly PlannedStatement[]> => {
      const fresh = await this.collector.refresh(session, rows, definition);
      if (kind === 'oneOfLanes') refuseOtherSpread(rows, fresh);
      if (fresh !== rows) statements = planUnit((rows = fresh), options);
      await rules.refresh(session, rows);
      // Not before it is written: the batch in front would remember rows of this one in place of its own.
      recent?.add(statements);
      return statements;
    };
    return {
      revision: definition.revision,
      how,
      plan,
      confirm: (session, planned) => confirmShapes(catalog, session, { planned, compares }),
      ...(recent === undefined ? {} : { closing: (session) => recent.closing(session) }),
    };
  }

  /** Decision 0019: what is compared keeps the source's order where rows of other keys may hold its unique values at the target. */
  private isOrdered(definition: PipelineDefinition): (writer: TableWriter) => boolean {
    const { policyOf } = this.options.rules.howFor(definition);
    return (writer) => (writer.identities?.others.length ?? 0) > 0 && policyOf(writer).kind !== 'overwrite';
  }

  /** The unit that stores by what its tables are spread, for the next segments. */
  private storing(unit: LaneUnit, rows: readonly WritableRow[]): LaneUnit {
    const { shapes } = this.options;
    let stored: StoredShapes | null = null;
    return {
      ...unit,
      closing: (session) => {
        stored = shapes.storing(rows);
        return [...(unit.closing?.(session) ?? []), ...stored.statements];
      },
      committed: () => stored?.committed(),
    };
  }

  private unitOptions({ parameters, mappings }: PipelineDefinition): UnitOptions {
    const { maxAllowedPacketBytes } = this.options.info;
    return {
      isMerged: parameters.applyMode === 'merged',
      mappingOf: compileTargetLookup(mappings),
      rowsMax: parameters.loadBatchRows,
      charactersMax: Math.min(STATEMENT_CHARACTERS_MAX, maxAllowedPacketBytes / 8),
    };
  }
}

/**
 * Rows that a foreign key or a unique index ties together since the segment was cut have to keep their order across lanes,
 * some of which may have committed by now. Only a new claim, which lets uneven lanes write everything together, can make that
 * good.
 */
function refuseOtherSpread(rows: readonly WritableRow[], fresh: readonly WritableRow[]): void {
  if (rows === fresh) return;
  for (const [index, { writer }] of rows.entries()) {
    const now = fresh[index]?.writer ?? writer;
    if (now === writer || laneShape(now) === laneShape(writer)) continue;
    const table = `${writer.definition.schema}.${writer.definition.table}`;
    const problem = `Foreign keys or unique indexes of the table ${table} at the target changed while several lanes wrote to it`;
    throw new SyncError('TARGET_FENCED', { table, problem });
  }
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

function endOf(processes: Batch['processes']): Place {
  const last = processes.at(-1);
  if (last === undefined) throw new Error('A segment has processes');
  return last.delivery.header.end;
}
