import type { ColumnSelection, ConflictPolicy } from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';
import type { ConflictPolicyDto } from './conflict-policy.dto.ts';

/** The policy with exactly the fields of its kind. Throws REQUEST_INVALID. */
export function conflictPolicyOf({ kind, column, columns, deltaColumns }: ConflictPolicyDto): ConflictPolicy {
  if (kind !== 'latestWins' && column !== undefined) refuse('column', `belongs to latestWins, not to ${kind}`);
  if (kind !== 'merge' && columns !== undefined) refuse('columns', `belongs to merge, not to ${kind}`);
  if (kind !== 'merge' && deltaColumns !== undefined) refuse('deltaColumns', `belongs to merge, not to ${kind}`);
  switch (kind) {
    case 'latestWins':
      if (column === undefined) return refuse('column', 'is what latestWins compares: name a column');
      return { kind, column };
    case 'merge': {
      const policy = { kind, columns: columns ?? [], deltaColumns: deltaColumns ?? [] };
      const all = [...policy.columns, ...policy.deltaColumns].map((name) => name.toLowerCase());
      if (all.length === 0) refuse('columns', 'or deltaColumns have to name what is merged');
      const twice = all.find((name, index) => all.indexOf(name) !== index);
      if (twice !== undefined) refuse('columns', `and deltaColumns name ${twice} twice`);
      return policy;
    }
    default:
      return { kind };
  }
}

/**
 * What the policy looks at has to be among the columns that the mapping writes, as far as it names them. `made`: what its
 * rules make, in lower case. Throws REQUEST_INVALID.
 */
export function requirePolicyColumns(
  policy: ConflictPolicy | null,
  selection: ColumnSelection,
  made: ReadonlySet<string> = new Set(),
): void {
  if (policy === null || selection.mode === 'all') return;
  const lower = (names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => name.toLowerCase()));
  const named = selection.mode === 'list' ? selection.columns : selection.renames;
  const written = new Set([...lower(named.map(({ target }) => target)), ...made]);
  // With exceptions every other column is written too.
  const unwritten =
    selection.mode === 'list' ? null : lower([...selection.names, ...named.map(({ source }) => source)]);
  const isMissing = (name: string): boolean => !written.has(name) && (unwritten === null || unwritten.has(name));
  const missing = columnsOfPolicy(policy).find((name) => isMissing(name.toLowerCase()));
  if (missing !== undefined)
    refuse(policy.kind === 'merge' ? 'columns' : 'column', `${missing} is not written by the mapping`);
}

function columnsOfPolicy(policy: ConflictPolicy): readonly string[] {
  if (policy.kind === 'latestWins') return [policy.column];
  return policy.kind === 'merge' ? [...policy.columns, ...policy.deltaColumns] : [];
}

function refuse(name: string, rest: string): never {
  const field = `onConflict.${name}`;
  throw fieldRefusal(field, `${field} ${rest}`);
}
