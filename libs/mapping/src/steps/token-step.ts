import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledStep } from '../compiled-value.ts';
import { decimalText, parseNumber, power } from '../convert/exact-number.ts';
import { Alphabets } from '../token/alphabets.ts';
import { NumberPermutation } from '../token/number-permutation.ts';
import { TextTokens } from '../token/token-text.ts';
import { maskingKey } from './hash-step.ts';
import { stepInvalid, valueRefused } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

/** Longer bytes are permuted in parts. */
const PART_BYTES = 64;
const BYTE_TYPES = /^(?:var)?binary|blob/;

/**
 * Another value of the same form under a key: digits for digits, letters for letters, as many of them. Two different values of a
 * column never become one. What is short is one of few: docs/decisions/0040.
 */
export function compileToken(
  { key }: Extract<ColumnStep, { kind: 'token' }>,
  from: ColumnDefinition,
  { place, openKey }: { readonly place: StepPlace; readonly openKey: CompileContext['openKey'] },
): CompiledStep {
  const token = tokenOf(from, { secret: maskingKey(openKey(key), place), place });
  return { column: from, apply: (value) => (value === undefined || value === null ? value : token(value)) };
}

type Token = (value: number | bigint | string | Uint8Array) => number | bigint | string | Uint8Array;

function tokenOf(
  from: ColumnDefinition,
  { secret, place }: { readonly secret: Buffer; readonly place: StepPlace },
): Token {
  switch (from.kind) {
    case 'integer':
      return integerToken(from, secret);
    case 'decimal':
      return decimalToken(from, { secret, place });
    case 'binary':
      if (!BYTE_TYPES.test(from.declared)) break;
      return bytesToken(secret);
    case 'text': {
      if (from.declared.startsWith('inet')) break;
      const charset = from.charset ?? 'utf8mb4';
      const alphabets = Alphabets.of(charset, from.declared === 'uuid');
      if (alphabets === null) throw stepInvalid(place, `the charset ${charset} is not known`);
      const tokens = new TextTokens(secret, alphabets);
      return (value) => tokens.tokenOf(String(value));
    }
    default:
      break;
  }
  throw stepInvalid(
    place,
    `a token has the form of its value, which no other ${from.declared} has: convert it to text first`,
  );
}

/** A number of the same sign and as many digits, no larger than the type holds. */
class DigitTokens {
  private readonly permutation: NumberPermutation;

  constructor(
    secret: Uint8Array,
    private readonly max: bigint,
  ) {
    this.permutation = new NumberPermutation(secret, 0);
  }

  /** `max`: the largest of the sign; `isSigned`: zero is not among them. */
  tokenOf(size: bigint, { max = this.max, isSigned }: { readonly max?: bigint; readonly isSigned: boolean }): bigint {
    const digits = size.toString().length;
    const least = digits === 1 ? (isSigned ? 1n : 0n) : power(digits - 1);
    const most = power(digits) - 1n;
    return least + this.permutation.permute(size - least, (most < max ? most : max) - least + 1n);
  }
}

function integerToken({ bytes = 8, unsigned }: ColumnDefinition, secret: Buffer): Token {
  const bits = BigInt(8 * bytes);
  const max = unsigned === true ? (1n << bits) - 1n : (1n << (bits - 1n)) - 1n;
  const tokens = new DigitTokens(secret, max);
  return (value) => {
    const number = BigInt(value as number | bigint);
    const token =
      number < 0n
        ? -tokens.tokenOf(-number, { max: max + 1n, isSigned: true })
        : tokens.tokenOf(number, { isSigned: false });
    return bytes === 8 ? token : Number(token);
  };
}

function decimalToken(
  { length = 65, scale = 0 }: ColumnDefinition,
  { secret, place }: { readonly secret: Buffer; readonly place: StepPlace },
): Token {
  const tokens = new DigitTokens(secret, power(length) - 1n);
  return (value) => {
    const number = parseNumber(String(value));
    if (number === null) throw valueRefused('ROW_VALUE_INVALID', place, 'a value is no decimal');
    // As many digits behind the point as the column has: that of zero too.
    const unscaled = number.unscaled * power(Math.max(0, scale - number.scale));
    if (unscaled < 0n) return decimalText(-tokens.tokenOf(-unscaled, { isSigned: true }), scale);
    return decimalText(tokens.tokenOf(unscaled, { isSigned: false }), scale);
  };
}

function bytesToken(secret: Buffer): Token {
  const permutation = new NumberPermutation(secret, 0);
  return (value) => {
    const bytes = Buffer.from(value as Uint8Array);
    const parts = Math.ceil(bytes.length / PART_BYTES);
    for (let part = 0; part < parts; part += 1) {
      const start = Math.floor((part * bytes.length) / parts);
      const end = Math.floor(((part + 1) * bytes.length) / parts);
      const number = BigInt(`0x${bytes.toString('hex', start, end)}`);
      const limit = 1n << BigInt(8 * (end - start));
      bytes.write(
        permutation
          .permute(number, limit)
          .toString(16)
          .padStart(2 * (end - start), '0'),
        start,
        'hex',
      );
    }
    return bytes;
  };
}
