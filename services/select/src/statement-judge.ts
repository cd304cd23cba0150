import { compileMappings, SyncError } from '@lutra/model';
import type { DdlKind, DdlPolicy, GhostStep, MappingMatcher, PipelineDefinition, WarningCode } from '@lutra/model';
import { ghostPartOf, readGhostStep } from './ghost-step.ts';
import { parseStatement } from './parse-statement.ts';
import type { NamedTable, ParsedStatement } from './parse-statement.ts';

/** What a statement in the log means for the pipeline. `warning` is for people; `stop` ends the pipeline before it. */
export interface Judgement {
  readonly warning: { readonly code: WarningCode; readonly message: string } | null;
  readonly stop: SyncError | null;
  /** It is passed over: by policy or decision, or because it is about something that is never carried over. */
  readonly isSkipped: boolean;
  /** Rows events follow in the same transaction (CREATE TABLE … SELECT of MySQL). */
  readonly opensTransaction: boolean;
  /** It goes to the target, alone; null = it does not. */
  readonly travels: TravellingStatement | null;
}

export interface TravellingStatement {
  readonly kind: DdlKind;
  readonly tables: readonly NamedTable[];
  /** Absent = none. */
  readonly beside?: readonly NamedTable[];
  /** Absent = none. */
  readonly parents?: readonly NamedTable[];
  readonly ghost: GhostStep | null;
  /** The names are those that the source knows, in lower case; the text has them as they were typed. Absent = it folds none. */
  readonly foldsNames?: boolean;
}

const HARMLESS: Judgement = { warning: null, stop: null, isSkipped: false, opensTransaction: false, travels: null };
const STATEMENT_CHARACTERS_SHOWN = 200;
const STATEMENT_CHARACTERS_REPORTED = 4_000;

type ParsedDdl = Extract<ParsedStatement, { kind: 'ddl' }>;

/**
 * Judges logged statements under one revision. Schema statements that concern mapped tables travel to the target where the
 * policy of their kind is 'sync'. Where it is not, those that destroy what a mapping reads (TRUNCATE, DROP, RENAME, partition
 * operations, CREATE OR REPLACE) stop the pipeline, or are counted in a warning when it is 'skip'; others warn. A table
 * concerns it that the statement changes, takes rows from or gives rows to. Rows changed by statement in a mapped schema stop
 * it in any case: passing over them would lose them.
 */
export class StatementJudge {
  /** Finds mapped schemas among words, whose case says nothing. */
  private readonly anyCase: MappingMatcher;
  private skipped = 0;

  constructor(
    private readonly definition: PipelineDefinition,
    private readonly matcher: MappingMatcher,
    private readonly source: { readonly foldsNames: boolean } = { foldsNames: false },
  ) {
    this.anyCase = compileMappings(definition.mappings, { isCaseFolded: true });
  }

  /** `transaction` names the statement's transaction, as a person's decision about it does. */
  judge(statement: string, typedSchema: string, transaction = ''): Judgement {
    const { foldsNames } = this.source;
    const schema = foldsNames ? typedSchema.toLowerCase() : typedSchema;
    const typed = parseStatement(statement, schema);
    const parsed = foldsNames && typed.kind === 'ddl' ? withFoldedNames(typed) : typed;
    switch (parsed.kind) {
      case 'other':
        return HARMLESS;
      case 'statementDml':
        if (!this.reads(schema) && !this.isNamed(parsed.words)) return HARMLESS;
        return { ...HARMLESS, stop: statementDml(parsed.verb, schema) };
      case 'ddl':
        return { ...this.ddl(parsed, { statement, schema, transaction }), opensTransaction: parsed.opensTransaction };
    }
  }

  private ddl(parsed: ParsedDdl, asTyped: About): Judgement {
    const { tables, beside, parents, isFilled, ddlKind, database } = parsed;
    // What a query says may be values of rows.
    const about = isFilled ? { ...asTyped, statement: 'CREATE TABLE … SELECT' } : asTyped;
    if (parsed.isTemporary) return HARMLESS;
    const ghost = readGhostStep(parsed, this.matcher);
    if (ghost !== null)
      return this.byPolicy('alter', {
        ...about,
        tables: [ghost.of],
        parents,
        ghost,
        isDestructive: ghost.step === 'swap',
      });
    if (tables.length > 0 && tables.every((name) => ghostPartOf(name, this.matcher) !== null)) return HARMLESS;
    const concerned = tables.filter((name) => this.isMapped(name));
    if (database !== null && this.reads(database)) concerned.push({ schema: database, table: '*' });
    const { isDestructive } = parsed;
    if (ddlKind !== null && concerned.length > 0) {
      const named = database === null ? tables : [{ schema: database, table: '' }];
      const ddl = { ...about, tables: named, beside, parents, ghost: null, isDestructive, isFilled, concerned };
      return this.byPolicy(ddlKind, ddl);
    }
    const isNear = this.reads(about.schema) || tables.some((name) => this.reads(name.schema));
    if (!isNear) return HARMLESS;
    return ddlKind === null ? this.notTravelling(about.statement) : seen(about.statement);
  }

  private byPolicy(kind: DdlKind, ddl: ConcernedDdl): Judgement {
    const { parameters } = this.definition;
    const { statement, transaction, tables, ghost, isDestructive } = ddl;
    const isDecided = parameters.ddlDecisions[transaction] === 'skip';
    const ofKind = parameters.ddlByKind[kind];
    const policy: DdlPolicy = isDecided ? 'skip' : (ofKind ?? parameters.ddl);
    // A decision about a statement that travels is carried out at the target, where its intent may wait.
    const travelsDecided = isDecided && (ofKind ?? parameters.ddl) === 'sync';
    if (policy === 'sync' && ddl.isFilled === true) return this.kept(ddl, 'fail');
    if (policy === 'sync' || travelsDecided) {
      const { beside = [], parents = [] } = ddl;
      const more = {
        ...(beside.length > 0 ? { beside } : {}),
        ...(parents.length > 0 ? { parents } : {}),
        ...(this.source.foldsNames ? { foldsNames: true } : {}),
      };
      return { ...HARMLESS, travels: { kind, tables, ghost, ...more } };
    }
    // The steps before the swap change nothing that is replicated.
    if (ghost !== null && ghost.step !== 'swap') return HARMLESS;
    if (!isDestructive && ofKind === undefined && !isDecided) return { ...seen(statement), isSkipped: true };
    return this.kept(ddl, policy);
  }

  private kept(ddl: ConcernedDdl, policy: 'skip' | 'fail'): Judgement {
    const { statement, transaction, tables, concerned, isFilled = false } = ddl;
    const names = (concerned ?? tables).map(({ schema, table }) => `${schema}.${table}`);
    const problem = `The source ran a statement that concerns the mapped ${names.join(', ')}: ${shorten(statement)}${isFilled ? ', whose rows it did not log (binlog_format is not ROW)' : ''}`;
    if (policy === 'fail') {
      const details = { problem, tables: names, transaction, ...(isFilled ? {} : exact(statement)) };
      return { ...HARMLESS, stop: new SyncError('SOURCE_DDL_STOPPED', details) };
    }
    return this.countSkipped(`${problem}. It was passed over (ddl = skip)`);
  }

  /** Views, routines, triggers, events and accounts are another database's own affair. */
  private notTravelling(statement: string): Judgement {
    return this.countSkipped(
      `The source ran a statement about something else than tables, indexes and databases, which is never applied at the target: ${shorten(statement)}. It was passed over`,
    );
  }

  private countSkipped(message: string): Judgement {
    this.skipped++;
    const counted = `${message}, number ${String(this.skipped)} since the start of the epoch`;
    return { ...HARMLESS, isSkipped: true, warning: { code: 'SOURCE_DDL_SKIPPED', message: counted } };
  }

  /** Whatever the case: servers with lower_case_table_names = 1 log what was typed. */
  private isNamed(words: ReadonlySet<string>): boolean {
    return [...words].some((word) => this.anyCase.schemasOf(word).length > 0);
  }

  private reads(schema: string): boolean {
    return this.matcher.schemasOf(schema).length > 0;
  }

  private isMapped({ schema, table }: NamedTable): boolean {
    return this.matcher.targetsOf(schema, table).length > 0;
  }
}

const withFoldedNames = (parsed: ParsedDdl): ParsedDdl => ({
  ...parsed,
  tables: parsed.tables.map(folded),
  beside: parsed.beside.map(folded),
  parents: parsed.parents.map(folded),
  database: parsed.database?.toLowerCase() ?? null,
});

const folded = ({ schema, table }: NamedTable): NamedTable => ({
  schema: schema.toLowerCase(),
  table: table.toLowerCase(),
});

interface About {
  readonly statement: string;
  /** The session's. */
  readonly schema: string;
  readonly transaction: string;
}

interface ConcernedDdl extends About {
  readonly tables: readonly NamedTable[];
  readonly ghost: GhostStep | null;
  readonly isDestructive: boolean;
  readonly beside?: readonly NamedTable[];
  readonly parents?: readonly NamedTable[];
  readonly isFilled?: boolean;
  /** Those that are mapped; absent = all of them. */
  readonly concerned?: readonly NamedTable[];
}

const seen = (statement: string): Judgement => ({
  ...HARMLESS,
  warning: { code: 'SOURCE_DDL_SEEN', message: `The source changed its schema: ${shorten(statement)}` },
});

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
