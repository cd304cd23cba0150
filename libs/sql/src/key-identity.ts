import type { ColumnKind, ColumnValue } from '@lutra/model';
import type { TargetColumn } from './target-table.ts';

/** What stands for a value when it is asked whether two are equal. */
export type Identity = string | number;

/**
 * The same for values which the target may take for equal. Two different values may share it (they are then kept in order,
 * which only costs time); two equal ones never differ. Null = cannot be said outside the server.
 */
export type KeyIdentity = (value: ColumnValue) => Identity | null;

const TEXTS = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const BYTES = ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];
const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const CLOCKS = ['datetime', 'timestamp'];

/** Types of a target column in which values of a kind are equal exactly when their identities are, or more rarely. */
const TELLABLE: Readonly<Record<ColumnKind, ReadonlySet<string>>> = {
  integer: new Set([...INTEGERS, 'decimal', 'bit', 'year']),
  decimal: new Set(['decimal']),
  float: new Set(['float', 'double']),
  double: new Set(['double']),
  bit: new Set(['bit', ...INTEGERS]),
  year: new Set(['year', ...INTEGERS]),
  date: new Set(['date']),
  time: new Set(['time']),
  datetime: new Set(CLOCKS),
  timestamp: new Set(CLOCKS),
  text: new Set(TEXTS),
  binary: new Set(BYTES),
  enum: new Set(['enum', ...TEXTS]),
  set: new Set(['set', ...TEXTS]),
  json: new Set(),
  geometry: new Set(),
};

// Collations in which two ASCII texts are equal only by case, blanks, control characters or the letter pairs below.
const FOLDABLE =
  /_(general_(nopad_)?c[is]|unicode(_520)?(_nopad)?_ci|0900_(ai_ci|as_ci|as_cs)|swedish_(nopad_)?ci|uca1400_.*)$/;

// These hold more ASCII texts equal than that: 'ccs' and 'cscs', 'ch' and 'c', 'm' and 'n', '`' and a blank or '@'; and swe7
// has no ASCII (observed on MySQL 9.7 and MariaDB 10.11).
const OWN_WAY = /_hu_0900_|_lithuanian_|^(macce|koi8u|geostd8|swe7)_/;

const NOT_ASCII = /[^\x00-\x7f]/; // the border of ASCII is the point
const FOLDED_ALREADY = /^[!-@[-`a-ik-uxz{-~]*$/;

/** The identity of no value can be said. */
const UNKNOWN: KeyIdentity = () => null;

/** Whether the identity of some values at least can be said. */
export const isTellable = (identity: KeyIdentity): boolean => identity !== UNKNOWN;

/** The identity for one column, by the kind of its values and its type and collation at the target. */
export function keyIdentity(kind: ColumnKind, { dataType, charset, collation }: TargetColumn): KeyIdentity {
  if (!TELLABLE[kind].has(dataType)) return UNKNOWN;
  if (kind === 'integer' && dataType === 'decimal') return asText;
  if (kind === 'decimal' || kind === 'time' || kind === 'datetime' || kind === 'timestamp') return withoutEndingZeros;
  if (charset === null || collation === null) return byValue;
  if (/(_bin|^binary)$/.test(collation)) return charset.startsWith('utf8') ? trimmed : asciiTrimmed;
  return FOLDABLE.test(collation) && !OWN_WAY.test(collation) ? folded : UNKNOWN;
}

function byValue(value: ColumnValue): Identity | null {
  switch (typeof value) {
    case 'number':
      return value === 0 ? 0 : value;
    case 'bigint':
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
    case 'string':
      return value;
    default:
      if (value === null) return '';
      // binary(n) is padded with zero bytes: with or without them it is the same value.
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1').replace(/\0+$/, '');
  }
}

// As a decimal of the same column: rows of before and after a change of the source's type are of one table.
const asText: KeyIdentity = (value) => (value === null ? '' : String(value));

/** 1.50 is 1.5, and midnight is midnight with any number of fraction digits. */
const withoutEndingZeros: KeyIdentity = (value) =>
  typeof value === 'string' && value.includes('.') ? value.replace(/\.?0+$/, '') : byValue(value);

// Trailing blanks do not count in collations that pad.
const trimmed: KeyIdentity = (value) =>
  typeof value === 'string' && value.endsWith(' ') ? value.replace(/ +$/, '') : byValue(value);

// A character that the target's charset lacks cannot be compared outside the server.
const asciiTrimmed: KeyIdentity = (value) =>
  typeof value === 'string' && NOT_ASCII.test(value) ? null : trimmed(value);

/**
 * MySQL's weights are not available here, so ASCII is folded further than any of these collations goes: case, blanks and
 * control characters, and the pairs i/y/j and u/v/w that some of them hold equal. Everything else cannot be said.
 */
const folded: KeyIdentity = (value) => {
  if (typeof value !== 'string') return byValue(value);
  if (FOLDED_ALREADY.test(value)) return value;
  if (NOT_ASCII.test(value)) return null;
  return value
    .toLowerCase()
    .replaceAll(/[\x00-\x20\x7f]/g, '') // ignorable in these collations
    .replaceAll(/[yj]/g, 'i')
    .replaceAll(/[vw]/g, 'u');
};
