import type { ASTNode } from '@marcbachmann/cel-js';
import { must } from '@lutra/model';
import { columnTerm, factTerm, isOfLookup } from './column-term.ts';
import { ExpressionProblem } from './expression-problem.ts';
import { IMAGE_NAMES, refuseAt } from './expression-scope.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { fixedOf } from './fixed-number.ts';
import { FUNCTIONS } from './functions.ts';
import { commonType, exactLiteral, unified } from './numbers.ts';
import { arithmetic, comparison, membership, negated } from './operators.ts';
import { strictOne } from './term.ts';
import type { Term, Value, ValueType } from './term.ts';

/** What cannot be told from the type alone that {@link Term.offset} is for: where the operator's left side begins. */
type BinaryNode = Extract<ASTNode, { readonly op: '+' }>;

/** The typed form of an expression's tree. Throws an {@link ExpressionProblem} and nothing else. */
export function compileTerm(node: ASTNode, scope: ExpressionScope): Term {
  const offset = node.start;
  switch (node.op) {
    case 'value':
      return literalTerm(node.args, node);
    case 'id':
      return columnTerm(node.args, offset, scope);
    case '.':
      return fieldTerm(node.args, node, scope);
    case 'call':
      return callTerm(node.args[0], node.args[1], node, scope);
    case 'rcall':
      return callTerm(node.args[0], [node.args[1], ...node.args[2]], node, scope);
    case '?:':
      return choice(node.args, scope);
    case '||':
    case '&&':
      return logical(node.op, node.args, scope);
    case '!_':
      return not(compileTerm(node.args, scope), offset);
    case '-_':
      return negated(compileTerm(node.args, scope), { offset, refuse: refuseAt(scope, offset) });
    case 'in':
      return inTerm(node.args, scope);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node.op, sides(node.args, scope), offset);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(node.op, sides(node.args, scope), { offset, refuse: refuseAt(scope, offset) });
    case 'list':
      throw new ExpressionProblem('A list stands behind in only', offset);
    default:
      throw new ExpressionProblem('Expressions have no maps, indexes and optional fields', offset);
  }
}

const sides = ([left, right]: BinaryNode['args'], scope: ExpressionScope): readonly [Term, Term] => [
  compileTerm(left, scope),
  compileTerm(right, scope),
];

function literalTerm(value: unknown, { start: offset, end, input }: ASTNode): Term {
  const typed = (type: ValueType, literal: Value): Term => ({
    type,
    scale: 0,
    offset,
    literal,
    valueOf: () => literal,
  });
  if (value === null) return typed('null', value);
  if (typeof value === 'bigint') return exactLiteral(value, { scale: 0, offset });
  if (typeof value === 'string') return typed('string', value);
  if (typeof value === 'boolean') return typed('bool', value);
  if (value instanceof Uint8Array) return typed('bytes', value);
  if (typeof value !== 'number') throw new ExpressionProblem('Numbers are written without u: 5', offset);
  const written = input.slice(offset, end);
  // As it is written: 1.19 is no double. One with an exponent asks to be one.
  if (!/^\d+\.\d+$/.test(written)) return typed('double', value);
  const scale = written.length - written.indexOf('.') - 1;
  return exactLiteral(fixedOf(written, scale), { scale, offset });
}

function fieldTerm([of, field]: readonly [ASTNode, string], { start }: ASTNode, scope: ExpressionScope): Term {
  if (of.op === 'id' && of.args === 'row') return factTerm(field, start, scope);
  const isImage = of.op === 'id' && IMAGE_NAMES.some((name) => name === of.args);
  if (of.op === 'id' && ((isImage && scope.hasImages === true) || isOfLookup(of.args, scope)))
    return columnTerm(`${of.args}.${field}`, start, scope);
  const why = isImage
    ? `Only filters see the row ${of.args} the change`
    : 'Only row and look-ups have fields: row.gtid, row.commitTime, …';
  throw new ExpressionProblem(why, start);
}

/** f(x, y) and x.f(y) are the same. */
function callTerm(name: string, nodes: readonly ASTNode[], { start: offset }: ASTNode, scope: ExpressionScope): Term {
  if (name === 'col') return namedColumn(nodes, offset, scope);
  const compile = FUNCTIONS.get(name);
  if (compile === undefined) throw new ExpressionProblem(`There is no function ${name}`, offset);
  const args = nodes.map((node) => compileTerm(node, scope));
  return compile({ name, offset, args, refuse: refuseAt(scope, offset) });
}

function namedColumn(nodes: readonly ASTNode[], offset: number, scope: ExpressionScope): Term {
  const [name] = nodes;
  if (name?.op === 'value' && typeof name.args === 'string' && nodes.length === 1)
    return columnTerm(name.args, offset, scope);
  throw new ExpressionProblem('col takes the name of a column, written literally: col("unit price")', offset);
}

/** A condition that is null counts as false, as in SQL's IF. */
function choice(nodes: readonly [ASTNode, ASTNode, ASTNode], scope: ExpressionScope): Term {
  const [condition, yes, no] = nodes.map((node) => compileTerm(node, scope));
  const { valueOf: asked, offset } = bool(must(condition, 'a choice has three parts'), '?:');
  const given = [must(yes, 'the second'), must(no, 'the third')];
  const same = unified(given);
  if (same === null) {
    const types = given.map(({ type }) => type).join(' and ');
    throw new ExpressionProblem(`Both sides of a choice have one type, these are ${types}`, offset);
  }
  const [first, second] = same.map((term) => term.valueOf);
  const whenTrue = must(first, 'the second');
  const whenFalse = must(second, 'the third');
  return {
    ...commonType(same),
    offset,
    valueOf: (image, facts) => (asked(image, facts) === true ? whenTrue(image, facts) : whenFalse(image, facts)),
  };
}

/** From left to right, and the right side only when it matters; null as in SQL: `false && null` is false. */
function logical(operator: '||' | '&&', args: BinaryNode['args'], scope: ExpressionScope): Term {
  const [left, right] = sides(args, scope).map((term) => bool(term, operator).valueOf);
  const first = must(left, 'two sides');
  const second = must(right, 'two sides');
  const decides = operator === '||';
  return {
    type: 'bool',
    scale: 0,
    offset: args[0].start,
    valueOf: (image, facts) => {
      const one = first(image, facts);
      if (one === decides) return decides;
      const other = second(image, facts);
      if (other === decides) return decides;
      return one === null || other === null ? null : !decides;
    },
  };
}

function not(of: Term, offset: number): Term {
  return { type: 'bool', scale: 0, offset, valueOf: strictOne(bool(of, '!'), (value: boolean) => !value) };
}

function bool(term: Term, operator: string): Term {
  if (term.type === 'bool' || term.type === 'null' || term.type === 'any') return term;
  const why = `${operator} takes true and false, and this is ${term.type}: compare it with something`;
  throw new ExpressionProblem(why, term.offset);
}

function inTerm([of, list]: BinaryNode['args'], scope: ExpressionScope): Term {
  if (list.op !== 'list') throw new ExpressionProblem('in takes a list: x in [1, 2, 3]', list.start);
  const elements = list.args.map((node) => compileTerm(node, scope));
  return membership(compileTerm(of, scope), elements, of.start);
}
