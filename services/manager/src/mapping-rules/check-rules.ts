import { ANY_KEY, checkExpression, checkScript, Processors, TableMapping, TimeZone } from '@lutra/mapping';
import { compileMappings, readColumnType, SyncError } from '@lutra/model';
import type {
  ColumnOrigin,
  ColumnRule,
  ColumnStep,
  ErrorCode,
  MappingDefinition,
  ScriptRule,
  TableDefinition,
} from '@lutra/model';
import { checkProcessors } from './check-processors.ts';
import type { GivenColumnRule, GivenRules, GivenStep } from './read-rules.ts';

/**
 * What can be said of rules without any table: expressions, scripts, types, time zones, formats, and columns that depend on
 * none of the source. What depends on the columns of a table is the pre-check's matter. Throws REQUEST_INVALID,
 * MAPPING_EXPRESSION_INVALID, MAPPING_SCRIPT_INVALID, MAPPING_STEP_INVALID and what {@link checkProcessors} throws, each with
 * the field's path and, where there is one, the position.
 */
export async function checkRules(rules: GivenRules | null, processors = Processors.none()): Promise<void> {
  if (rules === null) return;
  const { rows, route, lookups = [] } = rules;
  for (const [index, { key }] of lookups.entries())
    for (const [at, { expression }] of key.entries())
      requireExpression(expression, `rules.lookups.${String(index)}.key.${String(at)}.expression`, null);
  const lookupColumns = lookups.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`));
  for (const [index, rule] of (rules.columns ?? []).entries())
    checkColumn(rule, `rules.columns.${String(index)}`, lookupColumns);
  if (rows?.filter !== undefined)
    requireExpression(rows.filter, 'rules.rows.filter', 'bool', { lookupColumns, hasImages: true });
  if (route !== undefined) requireExpression(route.expression, 'rules.route.expression', 'string', { lookupColumns });
  checkAggregate(rules);
  if (rules.script !== undefined) await checkScriptRule(rules.script);
  if (rules.processors !== undefined) await checkProcessors(rules.processors, processors);
}

function checkAggregate(rules: GivenRules): void {
  const { aggregate } = rules;
  if (aggregate === undefined) return;
  const field = 'rules.aggregate';
  for (const [index, { expression }] of aggregate.groupBy.entries())
    requireExpression(expression, `${field}.groupBy.${String(index)}.expression`, null);
  for (const [index, { expression }] of aggregate.values.entries())
    requireExpression(expression, `${field}.values.${String(index)}.expression`, null);
}

function checkColumn(rule: GivenColumnRule, field: string, lookupColumns: readonly string[]): void {
  for (const [at, step] of (rule.steps ?? []).entries()) checkStep(step, `${field}.steps.${String(at)}`);
  if (rule.from.kind === 'expression')
    requireExpression(rule.from.expression, `${field}.from.expression`, null, { lookupColumns });
  if (rule.from.kind === 'lookup') requireBrought(rule.from, `${field}.from`, lookupColumns);
  if (rule.from.kind === 'constant' || rule.from.kind === 'fact' || rule.from.kind === 'concat')
    compileAlone(rule, field);
}

function requireBrought(
  { lookup, column }: Extract<ColumnOrigin, { readonly kind: 'lookup' }>,
  field: string,
  brought: readonly string[],
): void {
  const wanted = `${lookup}.${column}`.toLowerCase();
  if (brought.some((name) => name.toLowerCase() === wanted)) return;
  refuse('MAPPING_LOOKUP_INVALID', field, `names ${lookup}.${column}, which no look-up of the mapping brings`);
}

/** Names count as columns of any type. */
function requireExpression(
  text: string,
  field: string,
  wanted: Parameters<typeof checkExpression>[2],
  known: Parameters<typeof checkExpression>[3] = {},
): void {
  const found = checkExpression(text, null, wanted, known);
  if (found.kind === 'valid') return;
  const { line, column, offset } = found;
  const problem = `${field} (line ${String(line)}, column ${String(column)}): ${found.problem}`;
  throw new SyncError('MAPPING_EXPRESSION_INVALID', {
    ...{ problem, field, position: offset + 1, line, column },
    fields: [{ field, problem, line, column, position: offset + 1 }],
  });
}

function checkStep(step: GivenStep, field: string): void {
  if (step.kind !== 'convert') return;
  if (readColumnType(step.type) === null)
    refuse('REQUEST_INVALID', `${field}.type`, 'is no type that a step converts to, such as bigint or varchar(20)');
  if (step.zone !== undefined && TimeZone.of(step.zone) === null)
    refuse(
      'REQUEST_INVALID',
      `${field}.zone`,
      'is no time zone: UTC, an offset such as +02:00, or a name such as Europe/Vienna',
    );
}

/** The types of such a column's values are known whatever the table is: what is concatenated becomes text. */
function compileAlone(rule: GivenColumnRule, field: string): void {
  const names = rule.from.kind === 'concat' ? [...new Set(rule.from.columns.map((name) => name.toLowerCase()))] : [];
  const source: TableDefinition = {
    ...{ schema: 's', table: 't', primaryKey: [] },
    columns: names.map((name) => ({ name, kind: 'text', declared: 'longtext', nullable: true, charset: 'utf8mb4' })),
  };
  const alone: MappingDefinition = {
    ...{ id: field, source: { schema: 's', table: { exact: 't' } }, target: { schema: 't' } },
    ...{ columns: { mode: 'list', columns: [] }, rules: { columns: [withAnyKey(rule)] } },
  };
  try {
    TableMapping.all(compileMappings([alone]), { source, openKey: () => ANY_KEY });
  } catch (error) {
    if (!SyncError.is(error) || error.class !== 'configuration') throw error;
    refuse(error.code, field, `cannot be made: ${error.sentence}`, error);
  }
}

function withAnyKey({ steps, ...rule }: GivenColumnRule): ColumnRule {
  const keyed = (step: GivenStep): ColumnStep => ('key' in step ? { ...step, key: ANY_KEY } : step);
  return steps === undefined ? rule : { ...rule, steps: steps.map(keyed) };
}

async function checkScriptRule({ source, columns }: ScriptRule): Promise<void> {
  for (const [index, { type }] of columns.entries())
    if (readColumnType(type) === null)
      refuse(
        'REQUEST_INVALID',
        `rules.script.columns.${String(index)}.type`,
        'is no type such as bigint or varchar(20)',
      );
  const found = await checkScript(source);
  if (found === null) return;
  const { problem, ...position } = found;
  const field = 'rules.script.source';
  const where =
    position.line === undefined ? '' : ` (line ${String(position.line)}, column ${String(position.column ?? 1)})`;
  const text = `${field}${where}: ${problem}`;
  throw new SyncError('MAPPING_SCRIPT_INVALID', {
    ...{ problem: text, mapping: '', field, ...position },
    fields: [{ field, problem: text, ...position }],
  });
}

function refuse(code: ErrorCode, field: string, rest: string, cause?: SyncError): never {
  const problem = `${field} ${rest}`;
  throw new SyncError(code, { ...cause?.details, problem, field, fields: [{ field, problem }] }, { cause });
}
