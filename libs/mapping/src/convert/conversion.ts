import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import type { SyncError } from '@lutra/model';
import type { Loss } from './loss.ts';

export type PresentValue = Exclude<ColumnValue, null>;

/** From a value of one type to one of another. Throws what {@link Loss} throws. */
export type Conversion = (value: PresentValue) => ColumnValue;

/** What a conversion is compiled for. */
export interface ConversionRequest {
  readonly from: ColumnDefinition;
  readonly to: ColumnDefinition;
  /** Of `to` only 0 and 1 are values. */
  readonly isBoolean: boolean;
  readonly loss: Loss;
  readonly format?: string;
  readonly zone?: string;
  readonly charset?: string;
  /** The error for what cannot work with any value. */
  readonly refuse: (why: string) => SyncError;
}
