import type { PipelineDefinition, SourceStatement, TargetDdl } from '@lutra/model';
import { quoteName, quoteTable } from '@lutra/sql';
import { isTypedAsKnown } from './folded-names.ts';
import { rewriteNames } from './rewrite-names.ts';

interface DatabasePlan {
  readonly statement: SourceStatement;
  readonly definition: PipelineDefinition;
  readonly unclear: (why: string) => never;
}

/** CREATE, ALTER and DROP DATABASE. A database is dropped only where all of it is mapped, and nothing else comes into it. */
export function planDatabase(text: string, { statement, definition, unclear }: DatabasePlan): readonly TargetDdl[] {
  const source = statement.tables[0]?.schema ?? unclear('it names no database');
  const mappings = definition.mappings.filter((mapping) => mapping.source.schema === source);
  const schemas = [...new Set(mappings.map(({ target }) => target.schema))];
  const about = { kind: 'database' as const, schema: '', ghost: null };
  if (/^\s*(?:\/\*[^]*?\*\/\s*)*(?:drop|create\s+or\s+replace)\b/i.test(text)) {
    if (!/^\s*(?:\/\*[^]*?\*\/\s*)*drop\b/i.test(text)) return unclear('it replaces a database');
    return dropped(source, definition) ?? unclear(`the mappings do not take all of ${source}`);
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

function dropped(source: string, { mappings }: PipelineDefinition): readonly TargetDdl[] | null {
  const own = mappings.filter((mapping) => mapping.source.schema === source);
  const isWhole = own.every(
    ({ source: { table }, target }) => 'regex' in table && /^\.[*+]$/.test(table.regex) && target.table === undefined,
  );
  const schemas = [...new Set(own.map(({ target }) => target.schema))];
  const isAlone = mappings.every((mapping) => own.includes(mapping) || !schemas.includes(mapping.target.schema));
  const kind = 'database' as const;
  if (isWhole && isAlone)
    return schemas.map((schema) => ({
      kind,
      text: `DROP DATABASE IF EXISTS ${quoteName(schema)}`,
      schema: '',
      tables: [{ schema, table: '' }],
      ghost: null,
    }));
  const tables = own.flatMap(({ source: { table }, target }) =>
    'exact' in table ? [{ schema: target.schema, table: target.table ?? table.exact }] : [],
  );
  if (tables.length !== own.length) return null;
  const text = `DROP TABLE IF EXISTS ${tables.map((name) => quoteTable(name)).join(', ')}`;
  return [{ kind: 'drop', text, schema: '', tables, ghost: null }];
}
