import { SyncError } from '@lutra/model';
import type { MappingMatcher, PipelineDefinition, WarningCode } from '@lutra/model';
import { parseStatement } from './parse-statement.ts';
import type { NamedTable } from './parse-statement.ts';

/** What a statement in the log means for the pipeline. `warning` is for people; `stop` ends the pipeline before it. */
export interface Judgement {
  readonly warning: { readonly code: WarningCode; readonly message: string } | null;
  readonly stop: SyncError | null;
  /** Rows events follow in the same transaction (CREATE TABLE … SELECT of MySQL). */
  readonly opensTransaction: boolean;
}

const HARMLESS: Judgement = { warning: null, stop: null, opensTransaction: false };
const STATEMENT_CHARACTERS_SHOWN = 200;
const STATEMENT_CHARACTERS_REPORTED = 4_000;

/**
 * Judges logged statements under one revision. Statements that destroy what a mapping reads (TRUNCATE, DROP, RENAME,
 * partition operations, CREATE OR REPLACE) stop the pipeline, or are counted in a warning when `ddl` is 'skip'; other
 * schema changes in a mapped schema warn. Rows changed by statement in a mapped schema stop it in any case: passing over
 * them would lose them.
 */
export class StatementJudge {
  private readonly schemas: ReadonlySet<string>;
  private skipped = 0;

  constructor(
    private readonly definition: PipelineDefinition,
    private readonly matcher: MappingMatcher,
  ) {
    this.schemas = new Set(definition.mappings.map(({ source }) => source.schema));
  }

  judge(statement: string, schema: string): Judgement {
    const parsed = parseStatement(statement, schema);
    switch (parsed.kind) {
      case 'other':
        return HARMLESS;
      case 'statementDml':
        if (!this.schemas.has(schema) && !this.isNamed(parsed.words)) return HARMLESS;
        return { ...HARMLESS, stop: statementDml(parsed.verb, schema) };
      case 'ddl': {
        const { opensTransaction, droppedSchema, isDestructive, tables } = parsed;
        const concerned = tables.filter((name) => this.isMapped(name)).map(({ schema: of, table }) => `${of}.${table}`);
        if (droppedSchema !== null && this.schemas.has(droppedSchema)) concerned.push(`${droppedSchema}.*`);
        if (isDestructive && concerned.length > 0)
          return { ...this.destructive(statement, concerned), opensTransaction };
        const isNear =
          concerned.length > 0 || this.schemas.has(schema) || tables.some((name) => this.schemas.has(name.schema));
        const message = `The source changed its schema: ${shorten(statement)}`;
        return { ...HARMLESS, opensTransaction, warning: isNear ? { code: 'SOURCE_DDL_SEEN', message } : null };
      }
    }
  }

  private destructive(statement: string, concerned: readonly string[]): Judgement {
    const tables = concerned.join(', ');
    const problem = `The source ran a statement that concerns the mapped ${tables}: ${shorten(statement)}`;
    if (this.definition.parameters.ddl === 'fail')
      return {
        ...HARMLESS,
        stop: new SyncError('SOURCE_DDL_STOPPED', { problem, tables: concerned, ...exact(statement) }),
      };
    this.skipped++;
    const message = `${problem}. It was passed over (ddl = skip), number ${String(this.skipped)} since the start of the epoch`;
    return { ...HARMLESS, warning: { code: 'SOURCE_DDL_SKIPPED', message } };
  }

  /** Whatever the case: servers with lower_case_table_names = 1 log what was typed. */
  private isNamed(words: ReadonlySet<string>): boolean {
    const folded = new Set([...words].map((word) => word.toLowerCase()));
    return [...this.schemas].some((mapped) => folded.has(mapped.toLowerCase()));
  }

  private isMapped({ schema, table }: NamedTable): boolean {
    return this.matcher.targetsOf(schema, table).length > 0;
  }
}

/** Schema changes hold no row values, but a CREATE may be long. */
const shorten = (statement: string): string =>
  statement.length <= STATEMENT_CHARACTERS_SHOWN ? statement : `${statement.slice(0, STATEMENT_CHARACTERS_SHOWN)}…`;

/** For the repair at the target: whole, or not at all. */
const exact = (statement: string): { readonly statement?: string } =>
  statement.length <= STATEMENT_CHARACTERS_REPORTED ? { statement } : {};

/** The statement itself holds row values: it is not shown. */
const statementDml = (verb: string, schema: string): SyncError =>
  new SyncError('SOURCE_BINLOG_FORMAT', {
    problem: `A session at the source logged an ${verb} in schema ${schema === '' ? '(none)' : schema} as a statement instead of rows`,
    statement: 'SET GLOBAL binlog_format = ROW',
  });
