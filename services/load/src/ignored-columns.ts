import { changesColumn } from '@lutra/model';
import type { RowChange, RowImage, WarningCode } from '@lutra/model';
import type { TableWriter } from '@lutra/sql';

type Warn = (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;

const NO_IMAGE: RowImage = [];

/** Warns of the columns that a writer leaves out by policy: once in an epoch for each table and set of columns. */
export function warnOfIgnored(warn: Warn): (writer: TableWriter) => void {
  const told = new Set<string>();
  return ({ definition, ignored }) => {
    const columns = ignored.map(({ name }) => name).join(', ');
    const message = `Table ${definition.schema}.${definition.table} at the target lacks ${columns}: left out of every row (missingColumn or schemaEvolution is ignore)`;
    if (told.has(message)) return;
    told.add(message);
    // It never throws: what cannot be told stands in the log.
    void warn({ code: 'TARGET_COLUMN_IGNORED', message });
  };
}

/** Values of the change that the target has no column for: all of an insert, of an update those that it changed. */
export function valuesLeftOut({ ignored }: TableWriter, change: RowChange): number {
  if (ignored.length === 0 || change.kind === 'delete') return 0;
  let count = 0;
  for (const { position } of ignored) {
    const before = change.kind === 'update' ? change.before : NO_IMAGE;
    if (changesColumn(before, change.after, position)) count += 1;
  }
  return count;
}
