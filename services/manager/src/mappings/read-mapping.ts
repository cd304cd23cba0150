import { SyncError } from '@lutra/model';
import type { ColumnSelection, MappingDefinition } from '@lutra/model';
import type { ColumnSelectionDto, MappingSourceDto, MappingTargetDto } from './mapping.dto.ts';

/** The source of a request as the model has it: either a name or an expression. Throws REQUEST_INVALID. */
export function sourceOf({ schema, table: { exact, regex } }: MappingSourceDto): MappingDefinition['source'] {
  if (exact !== undefined && regex === undefined) return { schema, table: { exact } };
  if (regex !== undefined && exact === undefined) return { schema, table: { regex } };
  return refuse('source.table', 'source.table needs either exact or regex');
}

export const targetOf = ({ schema, table }: MappingTargetDto): MappingDefinition['target'] =>
  table === undefined ? { schema } : { schema, table };

/** Throws REQUEST_INVALID. */
export function columnsOf(selection: ColumnSelectionDto | undefined): ColumnSelection {
  if (selection === undefined || selection.mode === 'all') {
    if (selection?.columns !== undefined) refuse('columns.columns', 'columns.columns belongs to mode list only');
    return { mode: 'all' };
  }
  const { columns } = selection;
  if (columns === undefined) return refuse('columns.columns', 'columns of mode list need at least one column');
  // Column names are compared without case by the servers.
  const targets = columns.map(({ target }) => target.toLowerCase());
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) refuse('columns.columns', `the target column ${twice} is written twice`);
  return { mode: 'list', columns: columns.map(({ source, target }) => ({ source, target })) };
}

function refuse(field: string, problem: string): never {
  throw new SyncError('REQUEST_INVALID', { problem, fields: [{ field, problem }] });
}
