/** One variable of an environment class, as its source text tells. */
export interface EnvVariable {
  readonly name: string;
  /** The doc comment in one line; '' when there is none. */
  readonly meaning: string;
  /** Text of the default, null when the variable is required or optional without one. */
  readonly defaultText: string | null;
  readonly isRequired: boolean;
  /** What is allowed, as far as decorators say it in numbers or lists; '' otherwise. */
  readonly allowed: string;
}

export interface EnvClass {
  readonly name: string;
  /** The class whose variables it has too, null for the base. */
  readonly parent: string | null;
  readonly variables: readonly EnvVariable[];
}

const CLASS = /export class (\w+)(?: extends (\w+))? \{\n([\s\S]*?)\n\}/;
const CONSTANT = /^const (\w+) = ([\d_ *]+);$/gm;
/** Doc comment, decorators, then the field itself. */
const FIELD =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?((?:@\w+\((?:[^()]|\([^()]*\))*\)\s*)*)(?:override )?([A-Z][A-Z0-9_]+)([!?]?)(?:: ([^=;]+?))?(?: = ([^;]+))?;/g;

/** Reads the one class of an `.env.ts` file. The text is the truth here, because the comments are not in the built code. */
export function readEnvClass(text: string): EnvClass {
  const [, name, parent, body] = CLASS.exec(text) ?? [];
  if (name === undefined || body === undefined) throw new Error('no environment class in the file');
  const constants = new Map([...text.matchAll(CONSTANT)].map(([, constant = '', value = '']) => [constant, value]));
  const variables = [...body.matchAll(FIELD)].map(
    ([, comment = '', decorators = '', field = '', mark = '', , initial]): EnvVariable => ({
      name: field,
      meaning: comment
        .replaceAll(/\s*\n\s*\*\s?/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
      defaultText: initial === undefined ? null : plain(initial, constants),
      isRequired: mark === '!',
      allowed: allowedBy(decorators, constants),
    }),
  );
  return { name, parent: parent ?? null, variables };
}

function allowedBy(decorators: string, constants: ReadonlyMap<string, string>): string {
  const argument = (decorator: string): string | undefined =>
    new RegExp(String.raw`@${decorator}\(([^)]*)\)`).exec(decorators)?.[1];
  const [min, max, list] = [argument('Min'), argument('Max'), argument('IsIn')];
  if (list !== undefined) return list.replaceAll(/[[\]']/g, '');
  if (min !== undefined && max !== undefined) return `${plain(min, constants)} to ${plain(max, constants)}`;
  return min === undefined ? '' : `at least ${plain(min, constants)}`;
}

/** A literal as people write it; products of numbers and constants are worked out. */
function plain(expression: string, constants: ReadonlyMap<string, string>): string {
  const value = product(expression, constants);
  return Number.isNaN(value) ? expression.trim().replaceAll(/^'|'$/g, '') : String(value);
}

/** NaN when it is no product of numbers. */
function product(expression: string, constants: ReadonlyMap<string, string>): number {
  return expression
    .split('*')
    .map((factor) => factor.trim())
    .map((factor) => constants.get(factor) ?? factor)
    .flatMap((factor) => factor.split('*'))
    .reduce(
      (result, factor) => result * (/^\s*[\d_]+\s*$/.test(factor) ? Number(factor.replaceAll('_', '')) : Number.NaN),
      1,
    );
}
