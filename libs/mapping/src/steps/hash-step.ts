import { createHmac } from 'node:crypto';
import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledStep } from '../compiled-value.ts';
import { textOf } from '../text-of.ts';
import { stepInvalid } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

/** Hexadecimal digits of SHA-256. */
const DIGITS = 64;
/** 32 bits: with fewer, most values of a small table would meet another one. */
const DIGITS_MIN = 8;
/** NIST SP 800-107: a key of an HMAC has 112 bits or more. */
const KEY_BYTES_MIN = 14;

/**
 * HMAC-SHA-256 of the value's text in UTF-8 (of bytes: of themselves) in hexadecimal digits. The same value gives the same
 * digits wherever the key is the same, whatever the type it is kept in.
 */
export function compileHash(
  { key, length = DIGITS }: Extract<ColumnStep, { kind: 'hash' }>,
  from: ColumnDefinition,
  { place, openKey }: { readonly place: StepPlace; readonly openKey: CompileContext['openKey'] },
): CompiledStep {
  if (!Number.isSafeInteger(length) || length < DIGITS_MIN || length > DIGITS)
    throw stepInvalid(place, `the length of a hash is ${String(DIGITS_MIN)} to ${String(DIGITS)} digits`);
  const secret = maskingKey(openKey(key), place);
  const { name, nullable } = from;
  const declared = `varchar(${String(length)})`;
  return {
    column: { name, kind: 'text', declared, nullable, charset: 'ascii', length },
    apply: (value) => {
      if (value === undefined || value === null) return value;
      const bytes = value instanceof Uint8Array ? value : textOf(value, from);
      return createHmac('sha256', secret).update(bytes).digest('hex').slice(0, length);
    },
  };
}

/** Throws MAPPING_STEP_INVALID for a key that can be guessed. */
export function maskingKey(opened: string, place: StepPlace): Buffer {
  const key = Buffer.from(opened, 'utf8');
  if (key.length >= KEY_BYTES_MIN) return key;
  throw stepInvalid(place, `the key of a masking step has ${String(KEY_BYTES_MIN)} characters or more`);
}
