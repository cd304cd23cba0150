import type { ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { NAME_CHARS_MAX, RANGE_CHARS_MAX, REGEX_CHARS_MAX } from '../values/name-limits.ts';

/** The schemas that a mapping reads: one by its name, all that an expression matches, or those with a running number. */
export type GivenSchema = string | { readonly regex: string } | { readonly range: string };

const isText = (value: unknown, charsMax: number): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= charsMax;

function isGivenSchema(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isText(value, NAME_CHARS_MAX);
  const [[kind, text] = [], ...more] = Object.entries(value);
  if (more.length > 0) return false;
  return (kind === 'regex' && isText(text, REGEX_CHARS_MAX)) || (kind === 'range' && isText(text, RANGE_CHARS_MAX));
}

export const IsGivenSchema = (): PropertyDecorator =>
  ValidateBy({
    name: 'isGivenSchema',
    validator: {
      validate: isGivenSchema,
      defaultMessage: () =>
        `$property must be a name of 1 to ${String(NAME_CHARS_MAX)} characters, {"regex": "…"} or {"range": "shop_[00-31]"}`,
    },
  });

const patternOf = (kind: string, maxLength: number, example: string): object => ({
  ...{ type: 'object', additionalProperties: false, required: [kind] },
  properties: { [kind]: { type: 'string', minLength: 1, maxLength, example } },
});

export const GIVEN_SCHEMA: ApiPropertyOptions = {
  anyOf: [
    { type: 'string', minLength: 1, maxLength: NAME_CHARS_MAX },
    patternOf('regex', REGEX_CHARS_MAX, 'shop_(eu|us)'),
    patternOf('range', RANGE_CHARS_MAX, 'shop_[00-31]'),
  ],
  example: 'shop',
  description:
    'A name; or {regex}: all schemas whose whole name matches; or {range}: those with a running number. Reserved schemas never match',
};
