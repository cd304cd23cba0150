import type { MappingDefinition, TargetMappingLookup } from '@lutra/model';
import type { Identity, TableWriter } from '@lutra/sql';
import { RowGroups } from './group-rows.ts';
import type { GroupedRow, Step } from './group-rows.ts';
import { plannedAlone, planStatements } from './plan-statements.ts';
import type { PlanLimits } from './plan-statements.ts';
import type { PlannedRow, PlannedStatement, WritableRow } from './planned-statement.ts';

export interface UnitOptions extends PlanLimits {
  /** False: every row keeps its place (neighbours still share a statement). */
  readonly isMerged: boolean;
  /** Weight and conflict policy of a table come from its mapping. */
  readonly mappingOf: TargetMappingLookup;
}

/**
 * Makes the statements of one unit: of `rows`, given in source order, those of one table and key become one where nothing
 * else depends on what lay between them, and share statements with others. Law: writing the statements in order equals
 * writing the rows in order, from any state of the target that some of the rows, from the first on, have already made.
 *
 * Rows of a table whose policy compares are never merged, and the law holds from any state at all: which of them conflict,
 * and what becomes of each, depends on the target's row as the one before it left it.
 *
 * Tables do not depend on each other, unless foreign keys tie them. Of every table the groups follow each other; inside a
 * group deletes come first, then updates, then inserts, and the rest that keeps its order; each by the weight of its
 * mapping, then by name, and the rows of a statement by key, so that lanes take their locks in the same order.
 */
export function planUnit(rows: readonly WritableRow[], options: UnitOptions): readonly PlannedStatement[] {
  if (!options.isMerged) return planStatements(alone(rows), options);
  const tables = groupByTable(rows, options);
  const planned: PlannedStatement[] = [];
  for (let level = 0; tables.some(({ steps }) => level < steps.length); level++) {
    const [deletes, updates, others]: [PlannedRow[], PlannedRow[], PlannedRow[]] = [[], [], []];
    for (const { steps } of tables) {
      const step = steps[level];
      if (step?.kind === 'merged') collect(sortedByKey(step.rows), { deletes, updates, inserts: others });
      else if (step !== undefined) for (const row of step.rows) others.push(plannedAlone(row));
    }
    for (const part of [deletes, updates, others])
      for (const statement of planStatements(part, options)) planned.push(statement);
  }
  return planned;
}

interface TableSteps {
  readonly name: string;
  readonly weight: number;
  readonly steps: readonly Step[];
}

/** Tables in the order in which they are written. */
function groupByTable(rows: readonly WritableRow[], { mappingOf }: UnitOptions): readonly TableSteps[] {
  const byName = new Map<string, { readonly groups: RowGroups; readonly weight: number }>();
  const byWriter = new Map<TableWriter, RowGroups>();
  for (const row of rows) {
    const { writer } = row;
    let groups = byWriter.get(writer);
    if (groups === undefined) {
      const known =
        byName.get(writer.domain) ?? startTable(mappingOf(writer.definition.schema, writer.definition.table));
      byName.set(writer.domain, known);
      byWriter.set(writer, (groups = known.groups));
    }
    groups.add(row);
  }
  return [...byName]
    .map(([name, { groups, weight }]) => ({ name, weight, steps: groups.finish() }))
    .sort((one, other) => one.weight - other.weight || (one.name < other.name ? -1 : 1));
}

function startTable(mapping: MappingDefinition | null): { readonly groups: RowGroups; readonly weight: number } {
  const { weight = 0, onConflict } = mapping ?? {};
  const isCompared = onConflict !== undefined && onConflict.kind !== 'overwrite';
  return { groups: new RowGroups(isCompared ? 'apart' : 'merged'), weight };
}

function collect(
  rows: readonly GroupedRow[],
  into: { readonly deletes: PlannedRow[]; readonly updates: PlannedRow[]; readonly inserts: PlannedRow[] },
): void {
  const tolerant: PlannedRow[] = [];
  for (const { row, merged } of rows) {
    if (merged === null) {
      const { kind } = row.change;
      (kind === 'insert' ? into.inserts : kind === 'update' ? into.updates : into.deletes).push(plannedAlone(row));
      continue;
    }
    const [deleted, updated, inserted] = [merged.deletes(), merged.updates(), merged.inserts()];
    if (deleted?.toleratesMissing === true) tolerant.push(deleted);
    else if (deleted !== null) into.deletes.push(deleted);
    if (updated !== null) into.updates.push(updated);
    if (inserted !== null) into.inserts.push(inserted);
  }
  // A statement of their own, since only its total is known.
  for (const row of tolerant) into.deletes.push(row);
}

function sortedByKey(rows: readonly GroupedRow[]): readonly GroupedRow[] {
  // Rows are often inserted in the order of their keys.
  let isSorted = true;
  for (let index = 1; index < rows.length && isSorted; index++) {
    const [one, other] = [rows[index - 1], rows[index]];
    isSorted = one !== undefined && other !== undefined && compare(one.identity, other.identity) <= 0;
  }
  return isSorted ? rows : [...rows].sort((one, other) => compare(one.identity, other.identity));
}

function compare(one: Identity, other: Identity): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const [left, right] = [String(one), String(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function* alone(rows: readonly WritableRow[]): Iterable<PlannedRow> {
  for (const row of rows) yield plannedAlone(row);
}
