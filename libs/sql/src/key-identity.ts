import type { ColumnValue } from '@lutra/model';
import type { TargetColumn } from './target-table.ts';

/**
 * Text that is the same for key values which the target may take for the same row. Two different keys may share it (they
 * then stand in different statements, which only costs time); two equal ones never differ. Null = cannot be said: the row
 * stands alone.
 */
export type KeyIdentity = (value: ColumnValue) => string | null;

// Collations in which two ASCII texts are equal only by case, blanks, control characters or the letter pairs below.
const FOLDABLE =
  /_(general_(nopad_)?c[is]|unicode(_520)?(_nopad)?_ci|0900_(ai_ci|as_ci|as_cs)|swedish_(nopad_)?ci|uca1400_.*)$/;

const NOT_ASCII = /[^\x00-\x7f]/; // the border of ASCII is the point

/** The identity for one key column, by the column's type and collation at the target. */
export function keyIdentity({ charset, collation }: TargetColumn): KeyIdentity {
  if (charset === null || collation === null) return byValue;
  if (/(_bin|^binary)$/.test(collation)) return charset.startsWith('utf8') ? trimmed : asciiTrimmed;
  return FOLDABLE.test(collation) ? folded : () => null;
}

function byValue(value: ColumnValue): string | null {
  if (value === null) return '';
  if (value instanceof Uint8Array) {
    // binary(n) is padded with zero bytes: with or without them it is the same value.
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
    return text.replace(/\0+$/, '');
  }
  return Object.is(value, -0) ? '0' : String(value);
}

// Trailing blanks do not count in collations that pad.
const trimmed: KeyIdentity = (value) => (typeof value === 'string' ? value.replace(/ +$/, '') : byValue(value));

// A character that the target's charset lacks cannot be compared outside the server.
const asciiTrimmed: KeyIdentity = (value) =>
  typeof value === 'string' && NOT_ASCII.test(value) ? null : trimmed(value);

/**
 * MySQL's weights are not available here, so ASCII is folded further than any of these collations goes: case, blanks and
 * control characters, and the pairs i/y/j and u/v/w that some of them hold equal. Everything else stands alone.
 */
const folded: KeyIdentity = (value) => {
  if (typeof value !== 'string') return byValue(value);
  if (NOT_ASCII.test(value)) return null;
  return value
    .toLowerCase()
    .replaceAll(/[\x00-\x20\x7f]/g, '') // ignorable in these collations
    .replaceAll(/[yj]/g, 'i')
    .replaceAll(/[vw]/g, 'u');
};
