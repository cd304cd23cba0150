import { Environment, ParseError } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionProblem } from './expression-problem.ts';

const EXPRESSION_CHARACTERS_MAX = 4_000;
/** Literals, names, operators and calls: the work that one row may cost. */
const EXPRESSION_NODES_MAX = 500;
/** Parentheses, calls and choices inside of each other. */
const EXPRESSION_DEPTH_MAX = 32;

/** Of the library only the grammar is used: docs/decisions/0039. */
const GRAMMAR = new Environment({
  limits: {
    maxAstNodes: EXPRESSION_NODES_MAX,
    maxDepth: EXPRESSION_DEPTH_MAX,
    maxListElements: EXPRESSION_NODES_MAX,
    maxMapEntries: EXPRESSION_NODES_MAX,
    maxCallArguments: 16,
  },
});

const LIMITS: readonly (readonly [string, string])[] = [
  ['maxAstNodes', `more than ${String(EXPRESSION_NODES_MAX)} names, literals and operators`],
  ['maxDepth', `more than ${String(EXPRESSION_DEPTH_MAX)} levels of parentheses, calls and choices`],
  ['maxCallArguments', 'more than 16 arguments in a call'],
];

/** The parser's words for what people write. */
const TOKENS: Readonly<Record<string, string>> = {
  EOF: 'the end',
  LPAREN: '(',
  RPAREN: ')',
  LBRACKET: '[',
  RBRACKET: ']',
  LBRACE: '{',
  RBRACE: '}',
  DOT: '.',
  COMMA: ',',
  COLON: ':',
  QUESTION: '?',
  IDENTIFIER: 'a name',
  NUMBER: 'a number',
  STRING: 'a text',
  BYTES: 'bytes',
  BOOLEAN: 'true or false',
  NULL: 'null',
  PLUS: '+',
  MINUS: '-',
  MULTIPLY: '*',
  DIVIDE: '/',
  MODULO: '%',
  EQ: '==',
  NE: '!=',
  LT: '<',
  LE: '<=',
  GT: '>',
  GE: '>=',
  AND: '&&',
  OR: '||',
  NOT: '!',
  IN: 'in',
};

/** The tree of a CEL expression. Throws an {@link ExpressionProblem} and nothing else. */
export function parseExpression(text: string): ASTNode {
  if (text.length > EXPRESSION_CHARACTERS_MAX)
    throw new ExpressionProblem(
      `The expression is longer than ${String(EXPRESSION_CHARACTERS_MAX)} characters`,
      EXPRESSION_CHARACTERS_MAX,
    );
  try {
    return GRAMMAR.parse(text).ast;
  } catch (error) {
    if (error instanceof ParseError) throw problemOf(error);
    // The parser calls itself for each sign before a value: a thousand of them may be too deep for it.
    throw new ExpressionProblem('The expression cannot be read', 0);
  }
}

function problemOf({ code, summary, range }: ParseError): ExpressionProblem {
  const offset = range?.start ?? 0;
  if (code === 'limit_exceeded') {
    const [, words = 'too much in it'] = LIMITS.find(([limit]) => summary.includes(limit)) ?? [];
    return new ExpressionProblem(`The expression has ${words}`, offset);
  }
  return new ExpressionProblem(
    summary.replaceAll(/\b[A-Z]{2,}\b/g, (token) => TOKENS[token] ?? token),
    offset,
  );
}
