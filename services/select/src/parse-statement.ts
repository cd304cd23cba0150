import type { DdlKind } from '@lutra/model';

/** A table as a statement names it, the session's schema filled in. */
export interface NamedTable {
  readonly schema: string;
  readonly table: string;
}

/**
 * What a logged statement does, as far as replication of rows is concerned. destroyed: tables that vanish, get another
 * name, or lose content without rows events; droppedSchema: likewise a whole schema. statementDml: rows changed by
 * statement instead of by rows events.
 */
export type ParsedStatement =
  | {
      readonly kind: 'ddl';
      readonly verb: string;
      /** Null for what is neither table, index nor database: views, routines, triggers, events, accounts. */
      readonly ddlKind: DdlKind | null;
      /**
       * What it changes, or takes rows from or gives rows to, in the order of the statement; for RENAME old and new name in turn.
       */
      readonly tables: readonly NamedTable[];
      /** What it names besides: the model of LIKE, members of a MERGE table. */
      readonly beside: readonly NamedTable[];
      /** Tables that its foreign keys refer to, its own among them. */
      readonly parents: readonly NamedTable[];
      readonly isDestructive: boolean;
      readonly droppedSchema: string | null;
      /** CREATE, ALTER and DROP DATABASE: its name, that of the session where it is left out. */
      readonly database: string | null;
      /** CREATE TABLE … SELECT in one transaction: rows events and an end follow. */
      readonly opensTransaction: boolean;
      /** CREATE TABLE … SELECT that was logged as it was typed: no rows events tell of its rows. */
      readonly isFilled: boolean;
      /** About a table that only its session sees. */
      readonly isTemporary: boolean;
    }
  | { readonly kind: 'statementDml'; readonly verb: string; readonly words: ReadonlySet<string> }
  | { readonly kind: 'other' };

export interface Token {
  /** As written, quotes removed. */
  readonly text: string;
  /** Upper case for words without quotes, '' for quoted names and strings. */
  readonly word: string;
  readonly isName: boolean;
}

/** A statement is judged by its beginning: names and options come before long lists of values. */
const CHARACTERS_MAX = 256 * 1024;
const DDL = new Set(['CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'RENAME']);
const DML = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH', 'CALL', 'DO', 'EXECUTE', 'IMPORT']);
/** Behind ALTER TABLE: what takes rows away or brings rows that no event tells of. */
const PARTITION_VERBS = new Set(['TRUNCATE', 'DROP', 'EXCHANGE', 'DISCARD', 'IMPORT', 'CONVERT']);

/** EXCHANGE PARTITION … WITH TABLE, CONVERT PARTITION … TO TABLE, CONVERT TABLE … TO PARTITION: rows change their table. */
const BEFORE_OTHER_TABLE = new Set(['WITH', 'TO', 'CONVERT']);

/** Reads the statement of a QUERY event; `schema` is the session's. Comments count only when the server executes them. */
export function parseStatement(statement: string, schema: string): ParsedStatement {
  const tokens = withoutSettings(tokenize(statement.slice(0, CHARACTERS_MAX)));
  const verb = tokens[0]?.word ?? '';
  if (DML.has(verb))
    return { kind: 'statementDml', verb, words: new Set(tokens.filter(isName).map(({ text }) => text)) };
  if (!DDL.has(verb)) return { kind: 'other' };
  return parseDdl(new TokenReader(tokens, schema), verb);
}

/** The statement behind MariaDB's `SET STATEMENT name = value, … FOR`, which is logged with it; all of it where there is none. */
export function withoutSettings(tokens: readonly Token[]): readonly Token[] {
  if (tokens[0]?.word !== 'SET' || tokens[1]?.word !== 'STATEMENT') return tokens;
  const at = tokens.findIndex(({ word }) => word === 'FOR');
  return at < 0 ? tokens : withoutSettings(tokens.slice(at + 1));
}

function parseDdl(reader: TokenReader, verb: string): ParsedStatement {
  const none = {
    kind: 'ddl',
    verb,
    ddlKind: null,
    tables: [],
    beside: [],
    parents: [],
    isDestructive: false,
    droppedSchema: null,
    database: null,
    opensTransaction: false,
    isFilled: false,
    isTemporary: false,
  } as const;
  reader.skip(verb);
  const isReplacing = reader.skip('OR', 'REPLACE') === 2;
  while (reader.skip('TEMPORARY', 'ONLINE', 'OFFLINE', 'IGNORE') > 0)
    if (reader.wasTemporary) return { ...none, isTemporary: true };
  if (verb === 'TRUNCATE') {
    reader.skip('TABLE');
    return { ...none, ddlKind: 'truncate', tables: reader.names(), isDestructive: true };
  }
  if (reader.skip('DATABASE', 'SCHEMA') > 0) return parseDatabase(reader, none, isReplacing);
  if (reader.skipToIndexTable()) return { ...none, ddlKind: 'index', tables: reader.name() };
  if (reader.skip('TABLE', 'TABLES') === 0) return none;
  reader.skip('IF', 'NOT', 'EXISTS');
  switch (verb) {
    case 'DROP':
      return { ...none, ddlKind: 'drop', tables: reader.names(), isDestructive: true };
    case 'RENAME':
      return { ...none, ddlKind: 'rename', tables: reader.names('TO'), isDestructive: true };
    case 'CREATE':
      return parseCreate(reader, none, isReplacing);
    default:
      return parseAlter(reader, none);
  }
}

type ParsedDdl = Extract<ParsedStatement, { kind: 'ddl' }>;

function parseDatabase(reader: TokenReader, none: ParsedDdl, isReplacing: boolean): ParsedDdl {
  reader.skip('IF', 'NOT', 'EXISTS');
  const isDropped = none.verb === 'DROP' || isReplacing;
  const database = reader.database();
  return {
    ...none,
    ddlKind: 'database',
    database,
    isDestructive: isDropped,
    droppedSchema: isDropped ? database : null,
  };
}

function parseCreate(reader: TokenReader, none: ParsedDdl, isReplacing: boolean): ParsedDdl {
  const tables = reader.name();
  const isFilled = reader.holdsQuery();
  const opensTransaction = reader.holds('START', 'TRANSACTION');
  const beside = isFilled ? [] : [...reader.model(), ...reader.members()];
  const parents = isFilled ? [] : reader.parents();
  return {
    ...none,
    ddlKind: 'create',
    tables,
    beside,
    parents,
    isDestructive: isReplacing || isFilled,
    opensTransaction,
    isFilled,
  };
}

function parseAlter(reader: TokenReader, none: ParsedDdl): ParsedStatement {
  const tables = reader.name();
  const beside = reader.members();
  const parents = reader.parents();
  let isDestructive = false;
  let ddlKind: DdlKind = 'alter';
  while (!reader.isAtEnd) {
    if (reader.word === 'RENAME' && !['COLUMN', 'INDEX', 'KEY'].includes(reader.wordAt(1))) {
      reader.step();
      reader.skip('TO', 'AS');
      tables.push(...reader.name());
      isDestructive = true;
      ddlKind = 'rename';
    }
    if (PARTITION_VERBS.has(reader.word) && ['PARTITION', 'TABLESPACE'].includes(reader.wordAt(1)))
      isDestructive = true;
    if (BEFORE_OTHER_TABLE.has(reader.word) && reader.wordAt(1) === 'TABLE') {
      reader.step();
      reader.step();
      tables.push(...reader.name());
      isDestructive = true;
      continue;
    }
    reader.step();
  }
  return { ...none, ddlKind, tables, beside, parents, isDestructive };
}

const INDEX_KINDS = new Set(['UNIQUE', 'FULLTEXT', 'SPATIAL']);
/** Words that may stand behind ALTER DATABASE without a name. */
const DATABASE_OPTIONS = new Set(['DEFAULT', 'CHARACTER', 'CHARSET', 'COLLATE', 'ENCRYPTION', 'READ', 'COMMENT']);

class TokenReader {
  private at = 0;
  wasTemporary = false;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly schema: string,
  ) {}

  get word(): string {
    return this.wordAt(0);
  }
  get text(): string {
    return this.tokens[this.at]?.text ?? '';
  }
  get isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }
  wordAt(distance: number): string {
    return this.tokens[this.at + distance]?.word ?? '';
  }
  step(): void {
    this.at++;
  }

  /** Passes over those of the words that stand here, in any order; returns how many. */
  skip(...words: readonly string[]): number {
    const before = this.at;
    while (this.word !== '' && words.includes(this.word)) {
      if (this.word === 'TEMPORARY') this.wasTemporary = true;
      this.at++;
    }
    return this.at - before;
  }

  /** In CREATE INDEX and DROP INDEX: passes over everything up to the table's name. False for other statements. */
  skipToIndexTable(): boolean {
    const isIndex = this.word === 'INDEX' || (INDEX_KINDS.has(this.word) && this.wordAt(1) === 'INDEX');
    if (!isIndex) return false;
    while (!this.isAtEnd && this.word !== 'ON') this.at++;
    this.at++;
    return true;
  }

  /** A database's name; the session's where options follow at once. */
  database(): string {
    const token = this.tokens[this.at];
    return token?.isName === true && !DATABASE_OPTIONS.has(token.word) ? token.text : this.schema;
  }

  /** One table name, `schema.table` or `table`; nothing when none stands here. */
  name(): NamedTable[] {
    const first = this.tokens[this.at];
    if (first?.isName !== true) return [];
    this.at++;
    if (this.tokens[this.at]?.text !== '.') return [{ schema: this.schema, table: first.text }];
    const second = this.tokens[this.at + 1];
    this.at += 2;
    return second === undefined ? [] : [{ schema: first.text, table: second.text }];
  }

  /** Names up to the end, joined by commas or by `word`. */
  names(word = ','): NamedTable[] {
    const names = this.name();
    while (this.text === ',' || this.word === word || this.word === 'WAIT' || this.word === 'NOWAIT') {
      this.at++;
      names.push(...this.name());
    }
    return names;
  }

  /** What CREATE TABLE … LIKE names, with brackets or without; in conditions the word means something else. */
  model(): NamedTable[] {
    if (this.text === '(' && this.wordAt(1) === 'LIKE') this.at++;
    return this.skip('LIKE') > 0 ? this.name() : [];
  }

  /** Behind REFERENCES, somewhere from here on. Stays where it is. */
  parents(): NamedTable[] {
    return this.behindEach('REFERENCES', () => this.name());
  }

  /** In UNION = (…), somewhere from here on. Stays where it is. */
  members(): NamedTable[] {
    return this.behindEach('UNION', () => {
      if (this.text === '=') this.at++;
      if (this.text !== '(') return [];
      this.at++;
      return this.names();
    });
  }

  private behindEach(wanted: string, read: () => NamedTable[]): NamedTable[] {
    const before = this.at;
    const names: NamedTable[] = [];
    while (!this.isAtEnd) {
      const { word } = this;
      this.at++;
      if (word === wanted) names.push(...read());
    }
    this.at = before;
    return names;
  }

  /** Whether rows of a query follow from here on: SELECT, TABLE, VALUES ROW (…), VALUES (…). Partitions have VALUES IN and LESS. */
  holdsQuery(): boolean {
    return this.tokens.some(({ word }, index) => {
      if (index < this.at) return false;
      const next = this.tokens[index + 1];
      return (
        word === 'SELECT' || word === 'TABLE' || (word === 'VALUES' && (next?.word === 'ROW' || next?.text === '('))
      );
    });
  }

  /** Whether the two words stand one behind the other, somewhere from here on. */
  holds(first: string, second: string): boolean {
    return this.tokens.some(({ word }, index) => {
      return index >= this.at && word === first && this.tokens[index + 1]?.word === second;
    });
  }
}

/**
 * Executable comments, other comments, strings, quoted names, words, single characters. A name without quotes may hold any
 * character of the basic plane from U+0080 on, marks and spaces of other scripts too (MySQL manual, "Schema Object Names").
 */
const TOKEN =
  /\/\*M?!\d*|\*\/|\/\*[^]*?\*\/|--[^\n]*|#[^\n]*|'(?:[^'\\]|\\[^]|'')*'|`((?:[^`]|``)*)`|"((?:[^"\\]|\\[^]|"")*)"|([\p{L}\p{N}_$@\u0080-\uffff]+)|(\S)/gu;

/** Words, names and signs of a statement, in order; comments and strings left out. */
export function tokenize(statement: string): Token[] {
  const tokens: Token[] = [];
  for (const [, backticks, quotes, word, character] of statement.matchAll(TOKEN)) {
    if (word !== undefined) tokens.push({ text: word, word: word.toUpperCase(), isName: true });
    else if (backticks !== undefined) tokens.push({ text: backticks.replaceAll('``', '`'), word: '', isName: true });
    else if (quotes !== undefined) tokens.push({ text: quotes.replaceAll('""', '"'), word: '', isName: true });
    else if (character !== undefined) tokens.push({ text: character, word: '', isName: false });
  }
  return tokens;
}

const isName = ({ isName }: Token): boolean => isName;
