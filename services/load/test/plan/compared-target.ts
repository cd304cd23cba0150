import { must } from '@lutra/model';
import type { RowImage } from '@lutra/model';
import { plannedAlone, planStatements } from '../../src/plan/plan-statements.ts';
import type { PlannedRow, PlannedStatement } from '../../src/plan/planned-statement.ts';
import { sourceOf } from '../../src/write/conflict.ts';
import { decideConflict } from '../../src/write/decide-conflict.ts';
import type { ComparingPolicy } from '../../src/write/decide-conflict.ts';
import { inSourceOrder } from '../../src/write/in-source-order.ts';
import { Quarantine, tableOf } from '../../src/write/quarantine.ts';
import { touchedValues } from '../../src/write/touched-values.ts';
import { Refused } from './reference-table.ts';
import type { ReferenceDatabase } from './reference-table.ts';

const ALONE = { rowsMax: 1, charactersMax: Number.MAX_SAFE_INTEGER };

/**
 * A target in memory whose tables have a policy that compares. It looks at one row at a time: holds it back behind a row that
 * was set aside, compares, decides, writes. A row that is refused or undecided is set aside.
 */
export class ComparedTarget {
  private told: string[] = [];
  private held: readonly Parameters<Quarantine['add']>[0][] = [];

  constructor(
    readonly tables: ReferenceDatabase,
    private readonly policy: ComparingPolicy,
  ) {}

  /** What became of every row that did not agree, in any order. */
  get outcomes(): readonly string[] {
    return [...this.told].sort();
  }

  /** As load does it: once a row is refused that is not in source order, all is taken back and written in that order. */
  write(unit: readonly PlannedStatement[]): void {
    const ordered = inSourceOrder(unit);
    const [before, told, held] = [this.tables.clone(), [...this.told], this.held];
    for (const { rows } of unit)
      for (const row of rows) {
        if (this.writeRow(row) || ordered === null) continue;
        this.tables.replaceBy(before);
        [this.told, this.held] = [told, held];
        for (const statement of ordered) for (const each of statement.rows) this.writeRow(each);
        return;
      }
  }

  /** False: refused. */
  private writeRow(row: PlannedRow): boolean {
    const { writer, change } = row;
    const key = change.kind === 'insert' ? change.after : change.before;
    const standing = this.tables.find(writer.definition.table, key);
    const found = standing === undefined ? null : [...standing];
    if (this.isHeld(row)) {
      this.setAside(row, 'held', null);
      return true;
    }
    const verdict = decideConflict(row, found, this.policy);
    if (verdict.kind === 'undecided') {
      this.setAside(row, `${verdict.type} ${verdict.why}`, found);
      return true;
    }
    if (verdict.change !== null) {
      const judged = plannedAlone({ writer, change: verdict.change, origin: sourceOf(row).origin });
      try {
        for (const statement of planStatements([judged], ALONE)) this.tables.write(statement);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.setAside(row, error.message, null);
        return false;
      }
    }
    if (verdict.kind === 'decided') this.tell(row, `${verdict.type} ${verdict.decision}`, found);
    return true;
  }

  private isHeld({ writer, change }: PlannedRow): boolean {
    const quarantine = new Quarantine();
    for (const letter of this.held) quarantine.add(letter);
    return quarantine.holderOf(tableOf(writer.definition), touchedValues(writer, change)) !== null;
  }

  private setAside(row: PlannedRow, why: string, found: RowImage | null): void {
    const { writer, change } = row;
    const table = tableOf(writer.definition);
    const letter = { id: String(this.held.length), table, touched: touchedValues(writer, change) };
    this.held = [...this.held, letter];
    this.tell(row, why, found);
  }

  private tell({ sources, change }: PlannedRow, outcome: string, found: RowImage | null): void {
    const { event } = must(sources[0], 'a planned row has sources').change;
    this.told.push(JSON.stringify([event, outcome, change.kind, found]));
  }
}
