import type { ColumnSelection, ConflictPolicy, MappingRules } from '@lutra/model';

/** What is wrong with a mapping that counts, and where. */
export interface AggregateProblem {
  /** Of the mapping. */
  readonly field: string;
  /** What follows the field's name in a sentence. */
  readonly problem: string;
}

type Given = Omit<Pick<MappingRules, keyof MappingRules>, 'columns'> & { readonly columns?: readonly unknown[] };

/** What can be said without a table. Null: nothing is wrong, or the mapping counts nothing. */
export function aggregateProblem({
  rules,
  columns,
  onConflict,
  source,
}: {
  readonly rules: Given;
  readonly columns?: ColumnSelection | undefined;
  readonly onConflict?: ConflictPolicy | null | undefined;
  readonly source?: { readonly schema: unknown; readonly table: object } | undefined;
}): AggregateProblem | null {
  const { aggregate, rows } = rules;
  if (aggregate === undefined) return null;
  const besides = BESIDES.find((rule) => rules[rule] !== undefined);
  if (besides !== undefined)
    return at(`rules.${besides}`, 'cannot stand beside rules.aggregate, which says all columns');
  if (rows?.softDelete !== undefined)
    return at('rules.rows.softDelete', 'cannot stand beside rules.aggregate: a row that is deleted leaves its group');
  if (rows?.leaveOut !== undefined)
    return at(
      'rules.rows.leaveOut',
      'cannot stand beside rules.aggregate: the groups would count other rows than there are',
    );
  if (columns !== undefined && columns.mode !== 'all')
    return at('columns', 'have to be all beside rules.aggregate, which says what the columns of the target are');
  if (onConflict !== undefined && onConflict !== null && onConflict.kind !== 'overwrite')
    return at('onConflict', 'has to be overwrite beside rules.aggregate: what is written is not compared but added');
  const { groupBy, values } = aggregate;
  if (groupBy.length === 0) return at('rules.aggregate.groupBy', 'needs an expression at least');
  const names = [aggregate.count, ...groupBy.map(({ target }) => target), ...values.map(({ target }) => target)];
  const lower = names.map((name) => name.toLowerCase());
  const twice = names.find((_name, index) => lower.indexOf(lower[index] ?? '') !== index);
  if (twice !== undefined) return at('rules.aggregate', `names the column ${twice} of the target twice`);
  const extreme = values.findIndex(({ function: kind }) => kind === 'min' || kind === 'max');
  if (extreme < 0 || source === undefined) return null;
  if (typeof source.schema === 'string' && 'exact' in source.table) return null;
  return at(
    `rules.aggregate.values.${String(extreme)}`,
    'needs a mapping of one table: min and max are read again at the source, and each of several tables would give its own',
  );
}

const BESIDES = ['lookups', 'columns', 'script', 'processors', 'route', 'columnGroups'] as const;

const at = (field: string, problem: string): AggregateProblem => ({ field, problem });
