import { compileTargetSchemas, keepsTablesApart } from '@lutra/model';
import type { MappingMatcher, PipelineDefinition, SourceStatement, TableName, TargetDdl } from '@lutra/model';
import { quoteName, quoteTable } from '@lutra/sql';
import { isTypedAsKnown } from './folded-names.ts';
import { rewriteNames } from './rewrite-names.ts';

interface DatabasePlan {
  readonly statement: SourceStatement;
  readonly definition: PipelineDefinition;
  /** Of the definition. */
  readonly matcher: MappingMatcher;
  /** Where the rows of a source table go, if they may all go away there. */
  readonly emptied: (name: TableName) => readonly TableName[];
  readonly unclear: (why: string) => never;
}

/** CREATE, ALTER and DROP DATABASE. A database is dropped only where all of it is mapped, and nothing else comes into it. */
export function planDatabase(text: string, plan: DatabasePlan): readonly TargetDdl[] {
  const { statement, matcher, unclear } = plan;
  const source = statement.tables[0]?.schema ?? unclear('it names no database');
  const schemas = [...new Set(matcher.schemasOf(source).map(({ targetSchema }) => targetSchema))];
  const about = { kind: 'database' as const, schema: '', ghost: null };
  if (/^\s*(?:\/\*[^]*?\*\/\s*)*(?:drop|create\s+or\s+replace)\b/i.test(text)) {
    if (!/^\s*(?:\/\*[^]*?\*\/\s*)*drop\b/i.test(text)) return unclear('it replaces a database');
    return dropped(source, plan) ?? unclear(`the mappings do not take all of ${source}`);
  }
  return schemas.map((schema) => {
    const tables = [{ schema, table: '' }];
    if (schema === source && isTypedAsKnown(statement, [source]))
      return { ...about, text, tables, schema: /^\s*alter\b/i.test(text) ? statement.schema : '' };
    const { sqlMode } = statement;
    const names = { schema: statement.schema, sqlMode, table: () => null, database: () => schema };
    const result = rewriteNames(text, names);
    return 'why' in result ? unclear(result.why) : { ...about, text: result.text, tables };
  });
}

function dropped(
  source: string,
  { definition: { mappings }, matcher, emptied }: DatabasePlan,
): readonly TargetDdl[] | null {
  const read = matcher.schemasOf(source);
  const own = read.map(({ mapping }) => mapping);
  // All of one schema, and of no other one that the same expression matches.
  const isWhole = own.every(
    ({ source: { schema, table }, target, rules }) =>
      'regex' in table &&
      /^\.[*+]$/.test(table.regex) &&
      target.table === undefined &&
      rules?.rows?.softDelete === undefined &&
      keepsTablesApart({ source: { schema, table }, target, ...(rules === undefined ? {} : { rules }) }),
  );
  const schemas = [...new Set(read.map(({ targetSchema }) => targetSchema))];
  const others = compileTargetSchemas(mappings.filter((mapping) => !own.includes(mapping)));
  const kind = 'database' as const;
  if (isWhole && !schemas.some((schema) => others.has(schema)))
    return schemas.map((schema) => ({
      kind,
      text: `DROP DATABASE IF EXISTS ${quoteName(schema)}`,
      schema: '',
      tables: [{ schema, table: '' }],
      ghost: null,
    }));
  const names = own.flatMap(({ source: { table } }) => ('exact' in table ? [table.exact] : []));
  if (names.length < own.length) return null;
  const tables = [...new Set(names)].flatMap((table) => emptied({ schema: source, table }));
  const text = `DROP TABLE IF EXISTS ${tables.map((name) => quoteTable(name)).join(', ')}`;
  return [{ kind: 'drop', text, schema: '', tables, ghost: null }];
}
