import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import type { ValidationOptions } from 'class-validator';
import { readSecretReference } from '@lutra/model';
import { NAME_CHARS_MAX } from '../values/name-limits.ts';

/** As much as a value of configuration may hold. */
const VALUE_CHARS_MAX = 4_096;
/** What a secret of the installation may be: keys of any tool are shorter. */
const KEY_CHARS_MAX = 1_024;
/** What is shorter can be guessed: NIST SP 800-107 asks for 112 bits. */
const KEY_CHARS_MIN = 14;

const GROUP_COLUMNS_MAX = 100;

/** `RuleValue` of the model in the document: a value as JSON has it. */
const RULE_VALUE = {
  anyOf: [{ type: 'string', maxLength: VALUE_CHARS_MAX }, { type: 'number' }, { type: 'boolean' }, { type: 'null' }],
  example: 'active',
};

/** A text, a number, true, false or null. What JSON cannot hold exactly (64-bit integers, decimals, dates) is written as text. */
export const IsRuleValue = (): PropertyDecorator =>
  ValidateBy({
    name: 'isRuleValue',
    validator: {
      validate: (value: unknown) =>
        value === null ||
        typeof value === 'boolean' ||
        (typeof value === 'number' && Number.isFinite(value)) ||
        (typeof value === 'string' && value.length <= VALUE_CHARS_MAX),
      defaultMessage: () =>
        `$property must be null, true, false, a number or a text of at most ${String(VALUE_CHARS_MAX)} characters`,
    },
  });

/** A masking key as a request gives it: itself, a reference, or the word that the one which is there stays. */
export type GivenKey = string | { readonly set: true };

const isGivenKey = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.length <= KEY_CHARS_MAX && (value.length >= KEY_CHARS_MIN || readSecretReference(value) !== null)
    : JSON.stringify(value) === JSON.stringify({ set: true });

export const IsMaskingKey = (): PropertyDecorator =>
  ValidateBy({
    name: 'isMaskingKey',
    validator: {
      validate: isGivenKey,
      defaultMessage: () =>
        `$property must be a key of ${String(KEY_CHARS_MIN)} to ${String(KEY_CHARS_MAX)} characters, a reference (env:NAME, file:/path), or {"set": true}, which keeps the key that is there`,
    },
  });

export const MASKING_KEY: ApiPropertyOptions = {
  oneOf: [
    { type: 'string', writeOnly: true, minLength: 1, maxLength: KEY_CHARS_MAX },
    { type: 'object', properties: { set: { type: 'boolean', enum: [true] } }, required: ['set'] },
  ],
  description:
    `With hash and token: the key, of ${String(KEY_CHARS_MIN)} characters at least, or a reference to it (env:NAME, file:/path). It is kept sealed and never returned: ` +
    '{set: true} stands for it. Left out, or given as that, the key of this step of this column stays',
  example: 'env:MASKING_KEY',
};

const isColumnGroup = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= GROUP_COLUMNS_MAX &&
  value.every((name) => typeof name === 'string' && name.length >= 1 && name.length <= NAME_CHARS_MAX);

export const IsColumnGroup = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isColumnGroup',
      validator: {
        validate: isColumnGroup,
        defaultMessage: () =>
          `each group in $property must be a list of 1 to ${String(GROUP_COLUMNS_MAX)} column names`,
      },
    },
    options,
  );

export const RuleValueProperty = (description: string): PropertyDecorator =>
  ApiProperty({ ...RULE_VALUE, description });
export const RuleValuePropertyOptional = (description: string): PropertyDecorator =>
  ApiPropertyOptional({ ...RULE_VALUE, description });
