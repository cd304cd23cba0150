import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';
import * as antlr from 'antlr4ng';
import type { ParserRuleContext } from 'antlr4ng';

/** MySQL's grammar as dt-sql-parser generates it. */
export interface Grammar {
  /** The tree of a statement, null when it does not parse. */
  parse(text: string): ParserRuleContext | null;
  ruleNameOf(context: ParserRuleContext): string;
}

interface Generated {
  readonly MySqlLexer: new (input: antlr.CharStream) => antlr.Lexer;
  readonly MySqlParser: new (input: antlr.TokenStream) => antlr.Parser & { program(): ParserRuleContext };
}

const FILES = ['SQLParserBase.js', 'mysql/MySqlLexer.js', 'mysql/MySqlParser.js'];

let grammar: Grammar | null = null;

/**
 * The grammar, loaded at its first use: it takes a second and some 60 MB. The package is made for bundlers: its modules name
 * each other without file endings, which Node refuses. So the three that are needed are put together here (decision 0018).
 */
export function loadGrammar(): Grammar {
  if (grammar !== null) return grammar;
  const root = join(dirname(createRequire(import.meta.url).resolve('dt-sql-parser/package.json')), 'dist', 'lib');
  const sources = FILES.map((file) => withoutModules(readFileSync(join(root, file), 'utf8')));
  const code = `${sources.join('\n')}\nreturn { MySqlLexer, MySqlParser };`;
  const build = compileFunction(code, ['antlr']) as (runtime: typeof antlr) => Generated;
  const { MySqlLexer, MySqlParser } = build(antlr);
  const parser = new MySqlParser(new antlr.CommonTokenStream(new MySqlLexer(antlr.CharStreams.fromString(''))));
  return (grammar = {
    parse: (text) => {
      const errors = new ErrorCount();
      const lexer = new MySqlLexer(antlr.CharStreams.fromString(text));
      const each = new MySqlParser(new antlr.CommonTokenStream(lexer));
      for (const recognizer of [lexer, each]) {
        recognizer.removeErrorListeners();
        recognizer.addErrorListener(errors);
      }
      const tree = each.program();
      return errors.count === 0 ? tree : null;
    },
    ruleNameOf: ({ ruleIndex }) => parser.ruleNames[ruleIndex] ?? '',
  });
}

class ErrorCount extends antlr.BaseErrorListener {
  count = 0;

  override syntaxError(): void {
    this.count++;
  }
}

const withoutModules = (source: string): string =>
  source.replaceAll(/^import .*$/gm, '').replaceAll(/^export (?=class|const|var)/gm, '');
