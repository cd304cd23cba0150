import type { RawEvent, RowChange, RowImage, TableDefinition } from '@lutra/model';

/** Completes what a TABLE_MAP without full metadata does not say (names, signs, labels, key): from information_schema. */
export type TableCompleter = (schema: string, table: string) => Promise<TableDefinition>;

export interface DecodedEvent {
  readonly table: TableDefinition;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly flags: number;
  readonly rows: readonly { readonly before?: RowImage; readonly after?: RowImage }[];
}

/** Decodes the rows events of one process; keeps table maps by id and compiled row readers by shape. */
export interface RowsDecoder {
  /** Takes a table map of the process (in order). Completes it when its metadata is not full. */
  tableMap(event: RawEvent): Promise<void>;
  /** Rows of an event whose table map was given before. Throws SOURCE_SCHEMA_MISMATCH, SOURCE_EVENT_CORRUPT or SOURCE_EVENT_UNSUPPORTED. */
  rows(event: RawEvent): DecodedEvent;
}

export type { RowChange };
