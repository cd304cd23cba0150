import type { ParserRuleContext } from 'antlr4ng';
import type { TableName } from '@lutra/model';
import { quoteName } from '@lutra/sql';
import { loadGrammar } from './load-grammar.ts';
import type { Grammar } from './load-grammar.ts';
import { maskForGrammar } from './mask-mariadb.ts';

export interface NewNames {
  /** The session's schema, which names without one mean. */
  readonly schema: string;
  /** Modes of the session, joined by commas. */
  readonly sqlMode: string | null;
  /** Null = the statement cannot be rewritten, because it names what has no place at the target. */
  readonly table: (name: TableName) => TableName | null;
  readonly database: (name: string) => string | null;
}

export type Rewritten = { readonly text: string } | { readonly why: string };

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const TABLE_RULES = new Set(['tableName', 'tableNameCreate']);
const DATABASE_RULES = new Set(['databaseName', 'databaseNameCreate']);
/** What a parser passes over and the server does not may name tables. */
const HIDDEN_NAMES = /\/\*M?!(?:(?!\*\/)[^])*?\b(?:LIKE|REFERENCES|RENAME|TABLE|UNION)\b/i;

/**
 * The statement with other names, everything else as it was typed: the parser only says where names stand. Every table gets
 * its schema; tables in front of columns are left out, because there is only one. The result is parsed again: it has to
 * hold exactly the new names.
 */
export function rewriteNames(statement: string, names: NewNames): Rewritten {
  const modes = new Set(names.sqlMode?.split(',') ?? []);
  if (modes.has('NO_BACKSLASH_ESCAPES') && statement.includes('\\'))
    return { why: 'it was written under NO_BACKSLASH_ESCAPES and holds a backslash' };
  if (HIDDEN_NAMES.test(statement)) return { why: 'it names tables in an executable comment' };
  const text = modes.has('ANSI_QUOTES') ? withBackticks(statement) : statement;
  const grammar = loadGrammar();
  const tree = parse(grammar, text);
  if (tree === null) return { why: 'the parser does not know its syntax' };
  const splices: Splice[] = [];
  const expected: string[] = [];
  for (const context of namesIn(tree, grammar)) {
    const rule = grammar.ruleNameOf(context);
    const parts = partsOf(context.getText());
    const place = { from: context.start?.start ?? 0, to: (context.stop?.stop ?? -1) + 1 };
    if (rule === 'columnNamePath') {
      if (parts.length > 1) splices.push({ ...place, text: quoteName(parts.at(-1) ?? '') });
      continue;
    }
    const renamed = DATABASE_RULES.has(rule) ? newDatabase(parts, names) : newTable(parts, names);
    if (renamed === null) return { why: `it names ${parts.join('.')}, which has no place at the target` };
    expected.push(renamed);
    splices.push({ ...place, text: renamed });
  }
  const result = splice(text, splices);
  return holds(grammar, result, expected) ? { text: result } : { why: 'its names could not be replaced for certain' };
}

function parse(grammar: Grammar, text: string): ParserRuleContext | null {
  return grammar.parse(text) ?? grammar.parse(maskForGrammar(text));
}

function newTable(parts: readonly string[], { schema, table }: NewNames): string | null {
  const [first = '', second] = parts;
  const name = table(second === undefined ? { schema, table: first } : { schema: first, table: second });
  return name === null ? null : `${quoteName(name.schema)}.${quoteName(name.table)}`;
}

function newDatabase([name = '']: readonly string[], { database }: NewNames): string | null {
  const renamed = database(name);
  return renamed === null ? null : quoteName(renamed);
}

function namesIn(tree: ParserRuleContext, grammar: Grammar): ParserRuleContext[] {
  const rule = grammar.ruleNameOf(tree);
  if (TABLE_RULES.has(rule) || DATABASE_RULES.has(rule) || rule === 'columnNamePath') return [tree];
  const children = tree.children ?? [];
  return children.flatMap((child) => ('ruleIndex' in child ? namesIn(child as ParserRuleContext, grammar) : []));
}

function holds(grammar: Grammar, text: string, expected: readonly string[]): boolean {
  const tree = parse(grammar, text);
  if (tree === null) return false;
  const found = namesIn(tree, grammar).filter((context) => grammar.ruleNameOf(context) !== 'columnNamePath');
  return found.length === expected.length && found.every((context, index) => context.getText() === expected[index]);
}

/** Places are in characters, of which JavaScript needs two units for some. */
function splice(text: string, splices: readonly Splice[]): string {
  const characters = Array.from(text);
  let result = '';
  let at = 0;
  for (const { from, to, text: inserted } of splices) {
    result += characters.slice(at, from).join('') + inserted;
    at = to;
  }
  return result + characters.slice(at).join('');
}

const partsOf = (name: string): string[] =>
  [...name.matchAll(/`((?:[^`]|``)*)`|[^.`]+/g)].map(([whole, quoted]) => quoted?.replaceAll('``', '`') ?? whole);

/** Under ANSI_QUOTES a double quote encloses a name. */
const withBackticks = (statement: string): string =>
  statement.replaceAll(
    /'(?:[^'\\]|\\[^]|'')*'|`(?:[^`]|``)*`|\/\*[^]*?\*\/|--[ \t][^\n]*|#[^\n]*|"((?:[^"]|"")*)"/g,
    (whole, name: string | undefined) => (name === undefined ? whole : quoteName(name.replaceAll('""', '"'))),
  );
