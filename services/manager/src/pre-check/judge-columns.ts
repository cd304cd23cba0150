import type { ColumnDefinition, PipelineDefinition, TableDefinition } from '@lutra/model';
import { addColumnStatement, quoteName, quoteTable } from '@lutra/sql';
import type { TargetColumn, TargetTable } from '@lutra/sql';
import { judgeColumn } from './judge-column.ts';
import type { Peculiarities, Verdict } from './judge-column.ts';
import { judgeText } from './judge-text.ts';
import type { Finding } from './finding.ts';
import { atTarget } from './finding.ts';
import { areOfOneFamily, modifyStatement, typeAt } from './modify-column.ts';
import type { ServerFacts } from './pre-check-facts.ts';

export interface JudgedColumns {
  readonly findings: readonly Finding[];
  /** One for each column that is written, in their order. */
  readonly verdicts: readonly Verdict[];
}

/** The sides of a table, its rows in the shape that they have at the target. */
export interface FittedTable {
  readonly rows: TableDefinition;
  readonly table: TargetTable;
  readonly server: ServerFacts;
  /** Of the source's server against this one. */
  readonly peculiarities: Peculiarities;
}

/** Column by column: whether the target has it, holds its values, tells them apart as the source does, and fills what the rows do not carry. */
export function judgeColumns(fitted: FittedTable, parameters: PipelineDefinition['parameters']): JudgedColumns {
  const { rows, table } = fitted;
  const findings: Finding[] = [];
  const verdicts: Verdict[] = [];
  for (const column of rows.columns) {
    const found = table.columns.get(column.name.toLowerCase());
    if (found === undefined) {
      // What the source computes need not exist at the target.
      if (column.generated !== true) findings.push(missingColumn(fitted, column, parameters));
    } else if (found.generated) {
      findings.push(computedColumn(fitted, column, found));
    } else {
      const verdict = judgeColumn(column, found, fitted.peculiarities);
      verdicts.push(verdict);
      findings.push(...judgeType(fitted, column, { found, verdict }), ...judgeText(fitted, column, found));
    }
  }
  return { findings: [...findings, ...unfilledColumns(fitted)], verdicts };
}

function missingColumn(
  { rows, server }: FittedTable,
  column: ColumnDefinition,
  { missingColumn: policy, schemaEvolution }: PipelineDefinition['parameters'],
): Finding {
  const isFatal = policy === 'fail' && schemaEvolution !== 'ignore';
  const { schema, table } = rows;
  const consequence = isFatal
    ? 'the first row stops the pipeline (missingColumn = fail)'
    : `its values are left out, and counted (${policy === 'ignore' ? 'missingColumn' : 'schemaEvolution'} = ignore)`;
  return {
    code: 'COLUMN_MISSING',
    severity: isFatal ? 'error' : 'warning',
    subject: { place: 'target', schema, table, column: column.name },
    explanation: `The table has no column ${column.name}: ${consequence}. Leave it out of the mapping, or add it`,
    statements: atTarget(addColumnStatement(rows, { ...column, declared: typeAt(server.kind, column) })),
  };
}

function computedColumn(
  { table: { schema, table } }: FittedTable,
  column: ColumnDefinition,
  found: TargetColumn,
): Finding {
  const isComputedToo = column.generated === true;
  const subject = { place: 'target', schema, table, column: found.name } as const;
  if (isComputedToo) {
    const explanation =
      'Both sides compute the column: the values of the source are not written, and differ where the expressions do';
    return { code: 'COLUMN_COMPUTED', severity: 'info', subject, explanation, statements: [] };
  }
  const name = quoteName(found.name);
  const plain = `ALTER TABLE ${quoteTable({ schema, table })} DROP COLUMN ${name}, ADD COLUMN ${name} ${found.columnType} NULL`;
  const explanation =
    'The target computes the column, and the source does not: the values of the source are not written. The statement makes it a plain column, whose values have to be copied once';
  return { code: 'COLUMN_COMPUTED', severity: 'warning', subject, explanation, statements: atTarget(plain) };
}

function judgeType(
  { table, server, peculiarities }: FittedTable,
  column: ColumnDefinition,
  { found, verdict }: { readonly found: TargetColumn; readonly verdict: Verdict },
): Finding[] {
  const subject = { place: 'target', schema: table.schema, table: table.table, column: found.name } as const;
  const nullable = column.nullable && !found.nullable;
  if (verdict === 'same' || verdict === 'wider') {
    if (!nullable) return [];
    const explanation = `The source's column takes NULL, the target's does not: a row with NULL is refused there`;
    // A key cannot be NULL.
    const isKey = table.uniqueKeys.some(
      ({ name, columns }) => name === 'PRIMARY' && columns.includes(found.name.toLowerCase()),
    );
    const statements = isKey ? [] : atTarget(modifyStatement(table, found, { isNullable: true }));
    return [{ code: 'TYPE_NARROWER', severity: 'warning', subject, explanation, statements }];
  }
  // A TIMESTAMP there does not reach as far as one here: what holds every value is a DATETIME.
  const isLong = peculiarities.hasLongTimestamps && found.dataType === 'timestamp' && column.kind === 'timestamp';
  const type = isLong ? column.declared.replace(/^timestamp/i, 'datetime') : typeAt(server.kind, column);
  const isPlain = !isLong && !areOfOneFamily(type, found.columnType);
  const text = column.charset === undefined || found.charset !== null ? {} : { charset: column.charset };
  const statements = atTarget(modifyStatement(table, found, { type, isPlain, isNullable: nullable, ...text }));
  const reach = isLong ? ' and ends in January 2038 there, in 2106 here' : '';
  const pair = `${column.declared} at the source is ${found.columnType} at the target${reach}`;
  if (verdict === 'incompatible') {
    const explanation = `${pair}, which would change values without an error, or takes hardly any: the first row stops the pipeline`;
    return [{ code: 'TYPE_INCOMPATIBLE', severity: 'error', subject, explanation, statements }];
  }
  const explanation = `${pair}, which does not hold every value: a row with one that it does not hold is refused`;
  return [{ code: 'TYPE_NARROWER', severity: 'warning', subject, explanation, statements }];
}

/** A trigger may fill what the rows do not carry. */
function unfilledColumns({ rows, table }: FittedTable): Finding[] {
  if (table.triggers.some(({ timing, event }) => timing === 'BEFORE' && event === 'INSERT')) return [];
  const carried = new Set(rows.columns.map(({ name }) => name.toLowerCase()));
  return [...table.columns.values()]
    .filter((column) => column.needsValue && !carried.has(column.name.toLowerCase()))
    .map((column) => ({
      code: 'COLUMN_UNFILLED',
      severity: 'error',
      subject: { place: 'target', schema: table.schema, table: table.table, column: column.name },
      explanation: `The column ${column.name} takes no NULL and has no default, and the rows do not carry it: the first insert stops the pipeline`,
      statements: atTarget(modifyStatement(table, column, { isNullable: true })),
    }));
}
