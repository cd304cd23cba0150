import type { RowChange, RowImage, RowRefusal, TableDefinition } from '@lutra/model';

/** id int key, name with a unique index, note. */
export function peopleTable(schema: string, table = 'people'): TableDefinition {
  return {
    schema,
    table,
    columns: [
      { name: 'id', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
      { name: 'name', kind: 'text', declared: 'varchar(40)', nullable: false, charset: 'utf8mb4' },
      { name: 'note', kind: 'text', declared: 'varchar(200)', nullable: true, charset: 'utf8mb4' },
    ],
    primaryKey: [0],
  };
}

export const createPeople = (schema: string, table = 'people'): string =>
  `CREATE TABLE ${schema}.${table} (id int NOT NULL PRIMARY KEY, name varchar(40) NOT NULL, note varchar(200), UNIQUE KEY by_name (name))`;

let event = 0;
const at = () => ({ table: 0, event: event++, row: 0, part: 0, flags: 0 });

export const insert = (after: RowImage): RowChange => ({ ...at(), kind: 'insert', after });
export const update = (before: RowImage, after: RowImage): RowChange => ({ ...at(), kind: 'update', before, after });
export const remove = (before: RowImage): RowChange => ({ ...at(), kind: 'delete', before });

/** The change as transform passes it on when a mapping could not make these columns. */
export const unmapped = (change: RowChange, columns: readonly number[], more: Partial<RowRefusal> = {}): RowChange => ({
  ...change,
  refusal: {
    ...{ code: 'ROW_VALUE_LOST', problem: 'A value is lost', details: { mapping: 'm' }, columns, isOnlyBefore: false },
    ...more,
  },
});
