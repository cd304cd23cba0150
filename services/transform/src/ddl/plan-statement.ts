import {
  assertNever,
  compileMappings,
  compileMappingsInto,
  compileSelection,
  compileTargetLookup,
  keepsTablesApart,
  madeColumns,
  SyncError,
} from '@lutra/model';
import type {
  MappingDefinition,
  MappingMatcher,
  MappingTarget,
  PipelineDefinition,
  SourceStatement,
  TableName,
  TargetDdl,
} from '@lutra/model';
import { quoteTable } from '@lutra/sql';
import { foldedName, isTypedAsKnown } from './folded-names.ts';
import { addedColumns, withoutAddedColumns } from './added-columns.ts';
import { PROTECTED } from './mask-mariadb.ts';
import { planDatabase } from './plan-database.ts';
import { rewriteNames } from './rewrite-names.ts';
import { columnsConcerned } from './columns-concerned.ts';

export interface StatementPlan {
  readonly statement: SourceStatement;
  readonly definition: PipelineDefinition;
  /** Name of its transaction, for a person who has to decide. */
  readonly transaction: string;
  /** The source takes names in any case, and mappings match so; it may know them as they were typed all the same. */
  readonly isCaseFolded?: boolean;
}

/**
 * What a schema statement of the source means at the target: nothing, or one statement for each target table. Throws
 * MAPPING_DDL_UNCLEAR where that is not certain, with the statement and the way to go on without it, and MAPPING_COLUMN_ADDED for a
 * column that appears where that is to stop the pipeline.
 */
export function planStatement(plan: StatementPlan): readonly TargetDdl[] {
  const { statement, definition, transaction } = plan;
  if (definition.parameters.ddlDecisions[transaction] === 'skip') return [];
  const { schema } = foldedName({ schema: statement.schema, table: '' }, statement);
  const isCaseFolded = plan.isCaseFolded === true || statement.foldsNames === true;
  const planner = new StatementPlanner(
    { ...plan, isCaseFolded, statement: { ...statement, schema } },
    compileMappings(definition.mappings, { isCaseFolded }),
  );
  return planner.targets(stripped(statement.text));
}

class StatementPlanner {
  constructor(
    private readonly plan: StatementPlan,
    private readonly matcher: MappingMatcher,
  ) {}

  targets(text: string): readonly TargetDdl[] {
    if (/;\s*\S/.test(text.replaceAll(PROTECTED, ''))) return this.unclear('it may hold several statements');
    const { statement, definition } = this.plan;
    if (statement.ghost !== null) return this.ghost(text, statement.ghost);
    switch (statement.kind) {
      case 'drop':
        return this.drop();
      case 'truncate':
        return this.truncate();
      case 'rename':
        return /^\s*(?:\/\*[^]*?\*\/\s*)*rename\b/i.test(text) ? this.rename() : this.oneTable(text);
      case 'create':
      case 'alter':
      case 'index':
        return this.oneTable(text);
      case 'database':
        return planDatabase(text, {
          ...{ statement, definition, matcher: this.matcher },
          emptied: (name) => this.emptied(name),
          unclear: (why) => this.unclear(why),
        });
      default:
        return assertNever(statement.kind);
    }
  }

  private drop(): readonly TargetDdl[] {
    const tables = this.plan.statement.tables.flatMap((name) => this.emptied(name));
    if (tables.length === 0) return [];
    const text = `DROP TABLE IF EXISTS ${tables.map((name) => quoteTable(name)).join(', ')}`;
    return [{ kind: 'drop', text, schema: '', tables, ghost: null }];
  }

  private truncate(): readonly TargetDdl[] {
    const tables = this.plan.statement.tables.flatMap((name) => this.emptied(name));
    return tables.map((name) => ({
      kind: 'truncate',
      text: `TRUNCATE TABLE ${quoteTable(name)}`,
      schema: '',
      tables: [name],
      ghost: null,
    }));
  }

  /** Where its rows go, if they may all go away there with those of the source. */
  private emptied(name: TableName): readonly TableName[] {
    const flagging = this.matcher
      .targetsOf(name.schema, name.table)
      .find(({ mapping }) => mapping.rules?.rows?.softDelete !== undefined);
    if (flagging !== undefined) return this.unclear(`mapping ${flagging.mapping.id} keeps deleted rows and flags them`);
    return this.namesOf(name).map((each) => this.unshared(each));
  }

  private rename(): readonly TargetDdl[] {
    const { tables } = this.plan.statement;
    const renamed = tables.map((name) => this.unshared(this.onlyName(name)));
    const pairs = renamed.flatMap((name, index) =>
      index % 2 === 0 ? [`${quoteTable(name)} TO ${quoteTable(renamed[index + 1] ?? name)}`] : [],
    );
    return [{ kind: 'rename', text: `RENAME TABLE ${pairs.join(', ')}`, schema: '', tables: renamed, ghost: null }];
  }

  /** CREATE, ALTER and indexes: about one table, and others that rows go to or come from; more may be named beside them. */
  private oneTable(text: string): readonly TargetDdl[] {
    const { kind, schema, tables, beside = [], parents = [] } = this.plan.statement;
    const [main, ...others] = tables;
    if (main === undefined) return this.unclear('it names no table');
    if (others.length > 0) this.onlyName(main);
    const moved = others.map((name) => this.unshared(this.onlyName(name)));
    return this.matcher.targetsOf(main.schema, main.table).flatMap((target): readonly TargetDdl[] => {
      const name = { schema: target.targetSchema, table: target.targetTable };
      const carried = this.carried(text, target);
      if (carried === null) return [];
      if (others.length > 0) this.unshared(name);
      const pair = { main, name };
      const typed = [main, ...others, ...beside, ...parents];
      const named = typed.map((each) => this.nameBeside(each, pair) ?? this.unclear(unmapped(each)));
      const isKnown = isTypedAsKnown(
        this.plan.statement,
        typed.flatMap((each) => [each.schema, each.table]),
      );
      const isSame = isKnown && typed.every((each, index) => isEqual(each, named[index]));
      const about = { kind, tables: [name, ...moved], ghost: null };
      if (isSame) return [{ ...about, text: carried, schema }];
      return [{ ...about, text: this.rewritten(carried, (each) => this.nameBeside(each, pair)), schema: '' }];
    });
  }

  private ghost(text: string, { step, ghost, of }: NonNullable<SourceStatement['ghost']>): readonly TargetDdl[] {
    const name = `${ghost.schema}.${ghost.table}`;
    const targets = this.matcher.targetsOf(of.schema, of.table);
    const tables = targets.map((target) => ({ schema: target.targetSchema, table: target.targetTable }));
    const kept = { kind: 'alter' as const, schema: '', ghost: { step, name } };
    if (step !== 'remember') return [{ ...kept, text: '', tables }];
    return targets.flatMap((target, index) => {
      const table = tables[index];
      const carried = table === undefined ? null : this.carried(text, target);
      if (table === undefined || carried === null) return [];
      const nameOf = (each: TableName): TableName | null =>
        isEqual(each, ghost) ? table : this.nameBeside(each, { main: of, name: table });
      return [{ ...kept, text: this.rewritten(carried, nameOf), tables: [table] }];
    });
  }

  private rewritten(text: string, nameOf: (name: TableName) => TableName | null): string {
    const { statement } = this.plan;
    const { schema, sqlMode } = statement;
    const result = rewriteNames(text, {
      schema,
      sqlMode,
      table: (typed) => nameOf(foldedName(typed, statement)),
      database: () => null,
    });
    return 'why' in result ? this.unclear(result.why) : result.text;
  }

  /** What of the statement the mapping takes; null = nothing. */
  private carried(text: string, target: MappingTarget): string | null {
    const left = this.evolved(text, target.mapping);
    return left !== '' && this.takesColumns(left, target) ? left : null;
  }

  /** The statement without the columns that it adds where they are to be ignored; '' when nothing else is left. */
  private evolved(text: string, { id, columns, rules }: MappingDefinition): string {
    const { statement, definition, transaction } = this.plan;
    const { schemaEvolution } = definition.parameters;
    const isOfRows = columns.mode !== 'list' && rules?.aggregate === undefined;
    if (schemaEvolution === 'add' || statement.kind !== 'alter' || !isOfRows) return text;
    const nameOf = compileSelection(columns);
    const added = addedColumns(text).filter((name) => nameOf(name) !== null);
    if (added.length === 0) return text;
    const names = added.join(', ');
    if (schemaEvolution === 'fail') {
      const table = statement.tables.map((name) => `${name.schema}.${name.table}`)[0] ?? '';
      const problem = `The source added ${names} to ${table}, which mapping ${id} takes (schemaEvolution = fail)`;
      throw new SyncError('MAPPING_COLUMN_ADDED', {
        ...{ problem, mapping: id, table, columns: names, transaction },
        statement: statement.text,
      });
    }
    return (
      withoutAddedColumns(text) ?? this.unclear(`it adds ${names}, which are to be ignored, and does more with them`)
    );
  }

  /** False when the mapping does not take the columns that the statement is about. */
  private takesColumns(text: string, { mapping }: MappingTarget): boolean {
    const { columns, rules } = mapping;
    if (rules?.aggregate !== undefined) return this.isOfGroups(text, mapping);
    const made = madeColumns(rules);
    if (columns.mode === 'all' && made.size === 0) return true;
    const concerned = this.plan.statement.kind === 'alter' ? columnsConcerned(text) : null;
    if (made.size > 0 && concerned?.some((name) => made.has(name.toLowerCase())) !== false)
      return this.unclear(`mapping ${mapping.id} computes columns, and the statement may concern them`);
    if (columns.mode === 'all') return true;
    const isAmong = (names: readonly string[]): ((name: string) => boolean) => {
      const lower = new Set(names.map((name) => name.toLowerCase()));
      return (name) => lower.has(name.toLowerCase());
    };
    if (columns.mode === 'list') {
      const isListed = isAmong(columns.columns.map(({ source }) => source));
      if (concerned?.every((name) => !isListed(name)) === true) return false;
      return this.unclear(`mapping ${mapping.id} takes a list of columns, and the statement may concern them`);
    }
    if (concerned?.every(isAmong(columns.names)) === true) return false;
    const isOther = isAmong([...columns.names, ...columns.renames.flatMap(({ source, target }) => [source, target])]);
    if (concerned?.some(isOther) === false) return true;
    return this.unclear(`mapping ${mapping.id} leaves out or renames columns, and the statement may concern them`);
  }

  /** A table of groups has no column of the source's: false, unless the statement changes what is counted without a row of the log. */
  private isOfGroups(text: string, { id, rules }: MappingDefinition): false {
    if (this.plan.statement.kind !== 'alter') return false;
    const used = JSON.stringify([rules?.aggregate, rules?.rows]).toLowerCase();
    const concerned = columnsConcerned(text);
    if (concerned?.some((name) => used.includes(name.toLowerCase())) === false) return false;
    return this.unclear(`mapping ${id} counts rows by groups, and the statement may concern what it counts`);
  }

  private namesOf({ schema, table }: TableName): readonly TableName[] {
    const targets = this.matcher.targetsOf(schema, table);
    return targets.map(({ targetSchema, targetTable }) => ({ schema: targetSchema, table: targetTable }));
  }

  /**
   * What a table is called beside the table that the statement is about, which is `pair`; null = that is not certain. Where
   * that one keeps its name the others do too, if they go into a table of their own name.
   */
  private nameBeside(each: TableName, pair: { readonly main: TableName; readonly name: TableName }): TableName | null {
    if (isEqual(each, pair.main)) return pair.name;
    const names = this.namesOf(each);
    if (isEqual(pair.main, pair.name)) {
      const isKept = names.length === 0 ? this.isOthersParent(each) : names.some((name) => isEqual(each, name));
      if (isKept) return each;
    }
    return onlyOf(names);
  }

  /** A parent that the pipeline has nothing to do with: a foreign key moves no rows, and the target refuses it where it is missing. */
  private isOthersParent(each: TableName): boolean {
    const { statement, definition, isCaseFolded = false } = this.plan;
    const { tables, beside = [], parents = [] } = statement;
    const isIn = (names: readonly TableName[]): boolean => names.some((name) => isEqual(each, name));
    if (!isIn(parents) || isIn(tables) || isIn(beside)) return false;
    return compileTargetLookup(definition.mappings, { isCaseFolded })(each.schema, each.table) === null;
  }

  private onlyName(name: TableName): TableName {
    return onlyOf(this.namesOf(name)) ?? this.unclear(unmapped(name));
  }

  /** Other tables of the source that go into the same target must not lose it with this one. */
  private unshared(name: TableName): TableName {
    const { definition, isCaseFolded = false } = this.plan;
    const into = compileMappingsInto(definition.mappings, { isCaseFolded })(name.schema, name.table);
    if (into.length > 1 || !into.every(keepsTablesApart))
      return this.unclear(`${name.schema}.${name.table} at the target holds rows of other tables too`);
    return name;
  }

  private unclear(why: string): never {
    const { statement, transaction } = this.plan;
    throw new SyncError('MAPPING_DDL_UNCLEAR', {
      problem: `The schema statement of transaction ${transaction} cannot be carried over to the target: ${why}`,
      transaction,
      statement: statement.text,
    });
  }
}

/** Without MariaDB's settings for one statement, and without MySQL's word for rows that follow. */
const stripped = (text: string): string =>
  text
    .replace(/^\s*SET\s+STATEMENT\b[^]*?\bFOR\b\s*(?=(?:CREATE|ALTER|DROP|TRUNCATE|RENAME)\b)/i, '')
    .replaceAll(ROWS_FOLLOW, (whole) => (/^\s/.test(whole) ? '' : whole));

/** Strings, names and comments are passed over; options that were typed stand behind the words. */
const ROWS_FOLLOW = new RegExp(String.raw`${PROTECTED.source}|\s+START\s+TRANSACTION\b`, 'gi');

const onlyOf = (names: readonly TableName[]): TableName | null => (names.length === 1 ? (names[0] ?? null) : null);

const unmapped = ({ schema, table }: TableName): string => `${schema}.${table} is not mapped, or to several tables`;

const isEqual = (one: TableName, other: TableName | undefined): boolean =>
  one.schema === other?.schema && one.table === other.table;
