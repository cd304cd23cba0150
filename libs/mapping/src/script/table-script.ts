import { must, readColumnType, SyncError } from '@lutra/model';
import type { ColumnDefinition, RowImage, ScriptRule, TableDefinition } from '@lutra/model';
import { RuledChanges } from '../apply-later.ts';
import type { RuledRow, UnruledRow } from '../apply-later.ts';
import type { CompileContext } from '../compile-context.ts';
import { identityOf } from '../image-identity.ts';
import type { MappedChange } from '../mapped-change.ts';
import { placeColumn } from '../place-column.ts';
import { ScriptRunner } from './script-runner.ts';
import type { ScriptImage, ScriptOutcome } from './script-runner.ts';

/**
 * The script of a mapping for the rows of one table. It stands behind the other rules: it is asked of each image that they
 * make, before and after, and what is written is what the rows that it gives differ in.
 */
export class TableScript {
  /** Of the target: those that the rules before give, and those of the script's own. */
  readonly columns: readonly ColumnDefinition[];
  /** Positions of its own. */
  readonly own: readonly number[];
  private readonly runner: ScriptRunner;

  private constructor(rule: ScriptRule, mapping: string, target: TableDefinition, source: TableDefinition) {
    const columns = [...target.columns];
    this.own = ownColumns(rule, mapping).map((column) => placeColumn(columns, column));
    this.columns = columns;
    const names = { mapping, schema: source.schema, table: source.table };
    const { timeMs, memoryBytes } = rule;
    this.runner = new ScriptRunner({ source: rule.source, columns: this.columns, timeMs, memoryBytes, names });
  }

  /** Null when the mapping has no script. `target`: as the rules before make it. Throws MAPPING_STEP_INVALID. */
  static of({ mapping, source }: CompileContext, target: TableDefinition): TableScript | null {
    const rule = mapping.rules?.script;
    return rule === undefined ? null : new TableScript(rule, mapping.id, target, source);
  }

  /** One answer per row, in their order. Throws MAPPING_SCRIPT_INVALID. */
  async apply(rows: readonly UnruledRow[]): Promise<readonly RuledRow[]> {
    const images: ScriptImage[] = [];
    for (const { changes, facts } of rows)
      for (const change of changes) {
        if (change.kind !== 'insert') images.push({ which: 'before', image: change.before, facts });
        if (change.kind !== 'delete') images.push({ which: 'after', image: change.after, facts });
      }
    const outcomes = (await this.runner.run(images)).values();
    return rows.map((row) => scripted(row, outcomes));
  }
}

/** Throws MAPPING_STEP_INVALID. */
function ownColumns(rule: ScriptRule, mapping: string): readonly ColumnDefinition[] {
  return rule.columns.map(({ name, type }) => {
    const read = readColumnType(type);
    if (read !== null) return { name, nullable: true, ...read };
    const problem = `The script of mapping ${mapping} has the column ${name} of the type ${type}, which is none`;
    throw new SyncError('MAPPING_STEP_INVALID', { problem, mapping, column: name });
  });
}

function scripted({ changes, isRepair }: UnruledRow, outcomes: Iterator<ScriptOutcome>): RuledRow {
  const lines: string[] = [];
  const ruled = new RuledChanges();
  const next = (): readonly RowImage[] => {
    const { rows, lines: said } = must(
      outcomes.next().value as ScriptOutcome | undefined,
      'each image has its outcome',
    );
    for (const line of said) lines.push(line);
    if (!SyncError.is(rows)) return rows;
    ruled.refuse(rows);
    return [];
  };
  for (const change of changes) {
    const was = change.kind === 'insert' ? [] : next();
    const is = change.kind === 'delete' ? [] : next();
    const { target } = change;
    const wanted: readonly MappedChange[] =
      isRepair && is.length > 1
        ? is.map((image) => ({ kind: 'update', target, before: image, after: image }))
        : differenceOf(was, is, target);
    for (const one of wanted) ruled.add(one);
  }
  return ruled.row(lines);
}

/**
 * One row that becomes one row is updated. Of several nobody here knows by which columns they are told apart at the target: those
 * that stay as they are are left, the others are deleted and inserted, which is right under any key.
 */
function differenceOf(was: readonly RowImage[], is: readonly RowImage[], target: number): readonly MappedChange[] {
  const [before, after] = [was[0], is[0]];
  if (was.length <= 1 && is.length <= 1) {
    if (before !== undefined && after !== undefined) return [{ kind: 'update', target, before, after }];
    if (before !== undefined) return [{ kind: 'delete', target, before }];
    return after === undefined ? [] : [{ kind: 'insert', target, after }];
  }
  const old = new Map(was.map((image) => [identityOf(image), image]));
  const now = new Map(is.map((image) => [identityOf(image), image]));
  return [
    ...[...old]
      .filter(([content]) => !now.has(content))
      .map(([, image]) => ({ kind: 'delete' as const, target, before: image })),
    ...[...now]
      .filter(([content]) => !old.has(content))
      .map(([, image]) => ({ kind: 'insert' as const, target, after: image })),
  ];
}
