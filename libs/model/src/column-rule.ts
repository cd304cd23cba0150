import type { SealedSecret } from './data-source.ts';

/** A value as configuration gives it. What JSON cannot hold exactly (64-bit integers, decimals, dates) is written as text. */
export type RuleValue = null | string | number | boolean;

/** What is known of a row beside its columns. */
export const ROW_FACTS = ['commitTime', 'gtid', 'operation', 'sourceSchema', 'sourceTable', 'pipeline'] as const;
export type RowFact = (typeof ROW_FACTS)[number];

/** Where the value of a computed column comes from. */
export type ColumnOrigin =
  | { readonly kind: 'column'; readonly column: string }
  | { readonly kind: 'constant'; readonly value: RuleValue }
  /** In the expression language (docs/expressions.md); its type decides the column's. */
  | { readonly kind: 'expression'; readonly expression: string }
  /** The texts of the columns, one after the other; null when all are null. */
  | { readonly kind: 'concat'; readonly columns: readonly string[]; readonly separator: string }
  /** A column of a look-up of the mapping. */
  | { readonly kind: 'lookup'; readonly lookup: string; readonly column: string }
  | { readonly kind: 'fact'; readonly fact: RowFact };

/**
 * What happens with a value that the type cannot hold: fail: the row meets the poison policy. clamp: the nearest value that it
 * can hold. truncate: digits or characters are cut off. null: NULL instead.
 */
export const LOSS_POLICIES = ['fail', 'clamp', 'truncate', 'null'] as const;
export type LossPolicy = (typeof LOSS_POLICIES)[number];

/** 'env:NAME', 'file:/path', or the key itself, sealed: never in clear. */
export type MaskingKey = SealedSecret;

/** What is done with a value, one step after the other. A null goes through every step but `default` and `map` as null. */
export type ColumnStep =
  /** Instead of null, of a value that the image does not carry, or of both. */
  | { readonly kind: 'default'; readonly value: RuleValue; readonly when: 'null' | 'missing' | 'both' }
  /** `otherwise`: what becomes of a value that is not among the entries. */
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly from: RuleValue; readonly to: RuleValue }[];
      readonly otherwise: { readonly kind: 'keep' | 'fail' } | { readonly kind: 'value'; readonly value: RuleValue };
    }
  /**
   * To another type, as a CREATE TABLE would name it ('decimal(12,2)', 'varchar(20)', 'datetime(6)', 'boolean'). `format`:
   * how a date or time is written as text; `zone`: the time zone of values without one, when they become or come from moments;
   * `charset`: that bytes are read in or written in.
   */
  | {
      readonly kind: 'convert';
      readonly type: string;
      readonly onLoss: LossPolicy;
      readonly format?: string;
      readonly zone?: string;
      readonly charset?: string;
    }
  /** Hash and token are keyed by a secret: the same value gives the same result wherever the key is the same. */
  | { readonly kind: 'hash'; readonly key: MaskingKey; readonly length?: number }
  | { readonly kind: 'token'; readonly key: MaskingKey }
  /** All characters but the first and last ones become `with`. */
  | { readonly kind: 'partial'; readonly keepStart: number; readonly keepEnd: number; readonly with: string }
  /** A value out of a JSON document; null when the path leads nowhere. */
  | { readonly kind: 'json'; readonly path: string }
  /** One part of a text; null when it has fewer. Counted from 0, negative from the end. */
  | { readonly kind: 'split'; readonly separator: string; readonly index: number };

/** A column of the target that is not simply one of the source. */
export interface ColumnRule {
  readonly target: string;
  readonly from: ColumnOrigin;
  /** Absent = none. */
  readonly steps?: readonly ColumnStep[];
}
