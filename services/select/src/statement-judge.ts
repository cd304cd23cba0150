import { SyncError } from '@lutra/model';
import type { DdlKind, DdlPolicy, GhostStep, MappingMatcher, PipelineDefinition, WarningCode } from '@lutra/model';
import { ghostPartOf, readGhostStep } from './ghost-step.ts';
import { parseStatement } from './parse-statement.ts';
import type { NamedTable, ParsedStatement } from './parse-statement.ts';

/** What a statement in the log means for the pipeline. `warning` is for people; `stop` ends the pipeline before it. */
export interface Judgement {
  readonly warning: { readonly code: WarningCode; readonly message: string } | null;
  readonly stop: SyncError | null;
  /** Rows events follow in the same transaction (CREATE TABLE … SELECT of MySQL). */
  readonly opensTransaction: boolean;
  /** It goes to the target, alone; null = it does not. */
  readonly travels: TravellingStatement | null;
}

export interface TravellingStatement {
  readonly kind: DdlKind;
  readonly tables: readonly NamedTable[];
  readonly ghost: GhostStep | null;
}

const HARMLESS: Judgement = { warning: null, stop: null, opensTransaction: false, travels: null };
const STATEMENT_CHARACTERS_SHOWN = 200;
const STATEMENT_CHARACTERS_REPORTED = 4_000;

type ParsedDdl = Extract<ParsedStatement, { kind: 'ddl' }>;

/**
 * Judges logged statements under one revision. Schema statements that concern mapped tables travel to the target where the
 * policy of their kind is 'sync'. Where it is not, those that destroy what a mapping reads (TRUNCATE, DROP, RENAME, partition
 * operations, CREATE OR REPLACE) stop the pipeline, or are counted in a warning when it is 'skip'; others warn. Rows changed
 * by statement in a mapped schema stop it in any case: passing over them would lose them.
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

  /** `transaction` names the statement's transaction, as a person's decision about it does. */
  judge(statement: string, schema: string, transaction = ''): Judgement {
    const parsed = parseStatement(statement, schema);
    switch (parsed.kind) {
      case 'other':
        return HARMLESS;
      case 'statementDml':
        if (!this.schemas.has(schema) && !this.isNamed(parsed.words)) return HARMLESS;
        return { ...HARMLESS, stop: statementDml(parsed.verb, schema) };
      case 'ddl':
        return { ...this.ddl(parsed, { statement, schema, transaction }), opensTransaction: parsed.opensTransaction };
    }
  }

  private ddl(parsed: ParsedDdl, about: About): Judgement {
    const { tables, ddlKind, database } = parsed;
    if (parsed.isTemporary) return HARMLESS;
    const ghost = readGhostStep(parsed, this.matcher);
    if (ghost !== null)
      return this.byPolicy('alter', { ...about, tables: [ghost.of], ghost, isDestructive: ghost.step === 'swap' });
    if (tables.length > 0 && tables.every((name) => ghostPartOf(name, this.matcher) !== null)) return HARMLESS;
    const concerned = tables.filter((name) => this.isMapped(name));
    if (database !== null && this.schemas.has(database)) concerned.push({ schema: database, table: '*' });
    const { isDestructive } = parsed;
    if (ddlKind !== null && concerned.length > 0) {
      const named = database === null ? tables : [{ schema: database, table: '' }];
      return this.byPolicy(ddlKind, { ...about, tables: named, ghost: null, isDestructive, concerned });
    }
    const isNear = this.schemas.has(about.schema) || tables.some((name) => this.schemas.has(name.schema));
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
    if (policy === 'sync' || travelsDecided) return { ...HARMLESS, travels: { kind, tables, ghost } };
    // The steps before the swap change nothing that is replicated.
    if (ghost !== null && ghost.step !== 'swap') return HARMLESS;
    if (!isDestructive && ofKind === undefined && !isDecided) return seen(statement);
    return this.kept(ddl, policy);
  }

  private kept({ statement, transaction, tables, concerned }: ConcernedDdl, policy: 'skip' | 'fail'): Judgement {
    const names = (concerned ?? tables).map(({ schema, table }) => `${schema}.${table}`);
    const problem = `The source ran a statement that concerns the mapped ${names.join(', ')}: ${shorten(statement)}`;
    if (policy === 'fail') {
      const details = { problem, tables: names, transaction, ...exact(statement) };
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
    return { ...HARMLESS, warning: { code: 'SOURCE_DDL_SKIPPED', message: counted } };
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
