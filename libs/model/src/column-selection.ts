import type { ColumnRule } from './column-rule.ts';
import type { ColumnSelection, MappingDefinition, MappingRules } from './pipeline.ts';

/**
 * Compiles a selection: the name that a source column has at the target, null when it does not travel. Names are compared
 * without case, as the servers do. Of a list that takes a column several times the first name is given.
 */
export function compileSelection(selection: ColumnSelection): (source: string) => string | null {
  if (selection.mode === 'all') return (source) => source;
  const named = selection.mode === 'list' ? selection.columns : selection.renames;
  // The first of a name wins: entries are set from the last to the first.
  const targets = new Map(named.toReversed().map(({ source, target }) => [source.toLowerCase(), target]));
  if (selection.mode === 'list') return (source) => targets.get(source.toLowerCase()) ?? null;
  const names = new Set(selection.names.map((name) => name.toLowerCase()));
  return (source) => (names.has(source.toLowerCase()) ? null : (targets.get(source.toLowerCase()) ?? source));
}

/** The other way round: whether rows of a mapping may carry a value for a column of the target. */
export function compileFilled({
  columns,
  rules,
}: Pick<MappingDefinition, 'columns' | 'rules'>): (target: string) => boolean {
  const made = madeColumns(rules);
  // What a processor gives is known to nobody beforehand.
  if (rules?.processors !== undefined) return () => true;
  if (rules?.aggregate !== undefined) return (target) => made.has(target.toLowerCase());
  const isTaken = compileTaken(columns);
  return (target) => made.has(target.toLowerCase()) || isTaken(target);
}

function compileTaken(selection: ColumnSelection): (target: string) => boolean {
  if (selection.mode === 'all') return () => true;
  const named = selection.mode === 'list' ? selection.columns : selection.renames;
  const targets = new Set(named.map(({ target }) => target.toLowerCase()));
  if (selection.mode === 'list') return (target) => targets.has(target.toLowerCase());
  const nameOf = compileSelection(selection);
  // A column that is left out or renamed fills none of its own name.
  return (target) => targets.has(target.toLowerCase()) || nameOf(target) === target;
}

/** What of rules is asked for the columns that they make. */
type MakingRules = Pick<MappingRules, 'rows' | 'script' | 'aggregate'> & {
  readonly columns?: readonly Pick<ColumnRule, 'target'>[];
};

/** Columns of the target that the rules make, in lower case: no column of the source as it is. */
export function madeColumns(rules: MakingRules | undefined): ReadonlySet<string> {
  const { rows, columns = [], script, aggregate } = rules ?? {};
  const names = [
    ...[rows?.explode?.as, rows?.explode?.positionAs, rows?.softDelete?.column],
    ...columns.map(({ target }) => target),
    ...(script?.columns.map(({ name }) => name) ?? []),
    ...(aggregate === undefined ? [] : [aggregate.count, ...aggregate.groupBy.map(({ target }) => target)]),
    ...(aggregate?.values.map(({ target }) => target) ?? []),
  ];
  return new Set(names.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()])));
}
