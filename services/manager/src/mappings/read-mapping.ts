import { aggregateProblem, requireSafeRegex } from '@lutra/mapping';
import { madeColumns, SyncError } from '@lutra/model';
import type { ColumnMapping, ColumnSelection, ConflictPolicy, MappingDefinition } from '@lutra/model';
import { refuseField } from '../http/refuse-field.ts';
import { rulesOf } from '../mapping-rules/read-rules.ts';
import type { GivenRules } from '../mapping-rules/read-rules.ts';
import type { ColumnSelectionDto, MappingCreateDto, MappingTargetDto } from './mapping.dto.ts';
import type { StoredSource } from './mapping.entity.ts';
import { isRange, rangeSize, readRange } from './name-range.ts';
import { conflictPolicyOf, requirePolicyColumns } from './read-conflict-policy.ts';
import type { GivenSchema } from './schema-pattern.ts';

/** Tables of a range whose target is numbered in another way: each is a mapping of its own in the definition. */
const RENUMBERED_MAX = 1_000;

/** What a mapping says, apart from where it belongs. */
export interface MappingContent {
  readonly source: StoredSource;
  readonly target: MappingDefinition['target'];
  readonly columns: ColumnSelection;
  readonly onConflict: ConflictPolicy | null;
  readonly weight: number;
  /** Keys are as they were given: keepKeys. */
  readonly rules: GivenRules | null;
}

/**
 * A mapping of a request. `isStored`: says of expressions that they are in use and not to be judged again (decision 0027).
 * Throws REQUEST_INVALID, MAPPING_REGEX_INVALID, MAPPING_REGEX_UNSAFE.
 */
export function mappingContentOf(
  given: MappingCreateDto,
  isStored: (regex: string) => boolean = () => false,
): MappingContent {
  const content = {
    source: sourceOf(given.source, isStored),
    target: targetOf(given.target),
    columns: columnsOf(given.columns),
    onConflict: given.onConflict === undefined ? null : conflictPolicyOf(given.onConflict),
    weight: given.weight ?? 0,
    rules: given.rules === undefined ? null : rulesOf(given.rules),
  };
  requireFitting(content);
  return content;
}

/** The parts of a mapping have to fit each other. Throws REQUEST_INVALID, MAPPING_AGGREGATE_INVALID. */
export function requireFitting({ source, target, columns, onConflict, rules }: Omit<MappingContent, 'weight'>): void {
  const wrong = rules === null ? null : aggregateProblem({ rules, columns, onConflict, source });
  if (wrong !== null) {
    const { field } = wrong;
    const problem = `${field} ${wrong.problem}`;
    throw new SyncError('MAPPING_AGGREGATE_INVALID', { problem, field, mapping: '', fields: [{ field, problem }] });
  }
  // Which columns a processor adds depends on the table: the pre-check sees them.
  if (rules?.processors === undefined) requirePolicyColumns(onConflict, columns, madeColumns(rules ?? undefined));
  requireFittingNames(source, target);
}

/** As a request has it, MappingSourceDto: exactly one of the three is there. */
interface GivenSource {
  readonly schema: GivenSchema;
  readonly table: Readonly<Partial<Record<'exact' | 'regex' | 'range', string | undefined>>>;
}

/** The source of a request: a name, an expression or a range. Throws REQUEST_INVALID, MAPPING_REGEX_INVALID, MAPPING_REGEX_UNSAFE. */
export function sourceOf(
  { schema: given, table }: GivenSource,
  isStored: (regex: string) => boolean = () => false,
): StoredSource {
  const schema = schemaOf(given, isStored);
  const { exact, regex, range } = table;
  if ([exact, regex, range].filter((one) => one !== undefined).length !== 1)
    return refuseField('source.table', 'source.table needs either exact, regex or range');
  if (exact !== undefined) return { schema, table: { exact } };
  if (regex !== undefined) {
    if (!isStored(regex)) requireSafeRegex(regex);
    return { schema, table: { regex } };
  }
  const text = range ?? '';
  readRange(text, 'source.table.range');
  return { schema, table: { range: text } };
}

function schemaOf(schema: GivenSchema, isStored: (regex: string) => boolean): GivenSchema {
  if (typeof schema === 'string') return schema;
  if ('range' in schema) {
    readRange(schema.range, 'source.schema.range');
    return { range: schema.range };
  }
  if (!isStored(schema.regex)) requireSafeRegex(schema.regex);
  return { regex: schema.regex };
}

export const targetOf = ({ schema, table }: MappingTargetDto): MappingDefinition['target'] =>
  table === undefined ? { schema } : { schema, table };

/** What source and target ask of each other: two ranges have equally many tables. Throws REQUEST_INVALID. */
export function requireFittingNames(source: StoredSource, { schema, table = '' }: MappingDefinition['target']): void {
  const schemas =
    typeof source.schema !== 'string' && 'range' in source.schema
      ? renumberedOf('schema', source.schema.range, schema)
      : 1;
  const tables = 'range' in source.table ? renumberedOf('table', source.table.range, table) : 1;
  refuseUnknownGroups(source, { 'target.schema': schema, 'target.table': table });
  if (schemas * tables <= RENUMBERED_MAX) return;
  const field = tables > 1 ? 'target.table' : 'target.schema';
  refuseField(field, `${field} may number at most ${String(RENUMBERED_MAX)} tables in another way`);
}

/** A group that there is not would leave nothing in the name. */
function refuseUnknownGroups(source: StoredSource, names: Readonly<Record<string, string>>): void {
  const known = { s: groupCount(source.schema), '': groupCount(source.table) };
  for (const [field, name] of Object.entries(names))
    for (const [whole, of, digit] of name.matchAll(/\$(s?)(\d)/g)) {
      const count = known[of === 's' ? 's' : ''];
      // A table's groups are not known to the schema, and there is no $0.
      if (count === null || (of === '' && (field === 'target.schema' || digit === '0'))) continue;
      if (Number(digit) > count) refuseField(field, `${field} uses ${whole}, and the expression has no such group`);
    }
}

/** Null: a name, in which '$1' stands for itself. */
function groupCount(names: StoredSource['schema' | 'table']): number | null {
  if (typeof names === 'string' || 'exact' in names) return null;
  return 'range' in names ? 1 : (new RegExp(`${names.regex}|`, 'u').exec('')?.length ?? 1) - 1;
}

/** How many names of a range get another number at the target, each of them a mapping of its own; 1 = none. */
function renumberedOf(what: 'schema' | 'table', range: string, target: string): number {
  const from = readRange(range, `source.${what}.range`);
  if (!isRange(target)) return 1;
  const field = `target.${what}`;
  const to = readRange(target, field);
  if (rangeSize(from) !== rangeSize(to)) {
    const counts = `${String(rangeSize(to))} ${what}s for ${String(rangeSize(from))} of the source`;
    refuseField(field, `${field} has ${counts}: a range has to have as many`);
  }
  return from.first !== to.first || from.last !== to.last ? rangeSize(from) : 1;
}

/** Throws REQUEST_INVALID. */
export function columnsOf(selection: ColumnSelectionDto | undefined): ColumnSelection {
  const given: ColumnSelectionDto = selection ?? { mode: 'all' };
  const { mode, columns, names, renames } = given;
  if (mode !== 'list' && columns !== undefined)
    refuseField('columns.columns', 'columns.columns belongs to mode list only');
  if (mode !== 'except' && names !== undefined)
    refuseField('columns.names', 'columns.names belongs to mode except only');
  if (mode !== 'except' && renames !== undefined)
    refuseField('columns.renames', 'columns.renames belongs to mode except only');
  switch (mode) {
    case 'all':
      return { mode };
    case 'list':
      if (columns === undefined) return refuseField('columns.columns', 'columns of mode list need at least one column');
      refuseTwice('columns.columns', 'target', columns);
      return { mode, columns: plain(columns) };
    case 'except':
      if ((names ?? []).length + (renames ?? []).length === 0)
        return refuseField(
          'columns.names',
          'columns.names or columns.renames need at least one column: otherwise take mode all',
        );
      refuseTwice('columns.renames', 'source', renames ?? []);
      refuseTwice('columns.renames', 'target', renames ?? []);
      return { mode, names: names ?? [], renames: plain(renames ?? []) };
  }
}

const plain = (columns: readonly ColumnMapping[]): ColumnMapping[] =>
  columns.map(({ source, target }) => ({ source, target }));

/** Column names are compared without case by the servers. */
function refuseTwice(field: string, side: keyof ColumnMapping, columns: readonly ColumnMapping[]): void {
  const names = columns.map((column) => column[side].toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    refuseField(field, `the ${side} column ${twice} ${side === 'target' ? 'is written' : 'is there'} twice`);
}
