import type { RowChange, RowImage, TableDefinition } from '@lutra/model';

/** A row as extract would hand it over, with what is known of its transaction. */
export interface SourceRow {
  readonly table: TableDefinition;
  readonly gtid: string;
  readonly commitMs: number;
  readonly event: number;
  readonly row: number;
  readonly kind: RowChange['kind'];
  /** Null = there was none. */
  readonly before: RowImage | null;
  readonly after: RowImage | null;
}

/** The change alone; `table`: its number, where it goes into a statement 0. */
export function changeOf({
  event,
  row,
  kind,
  before,
  after,
}: Omit<SourceRow, 'table' | 'gtid' | 'commitMs'>): RowChange {
  const base = { table: 0, event, row, part: 0, flags: 0 };
  switch (kind) {
    case 'insert':
      return { ...base, kind, after: after ?? [] };
    case 'update':
      return { ...base, kind, before: before ?? [], after: after ?? [] };
    case 'delete':
      return { ...base, kind, before: before ?? [] };
  }
}
