import type { ColumnDefinition, MappingDefinition, RowChange, TableDefinition } from '@lutra/model';
import { compileTableWriter } from '@lutra/sql';
import type { TableWriter, TargetTable } from '@lutra/sql';
import type { WritableRow } from '../src/plan/planned-statement.ts';

/** What may be different about a target table from one claim to the next. */
export interface TargetKind {
  readonly collation: 'utf8mb4_general_ci' | 'utf8mb4_bin';
  readonly key: 'id' | 'n' | 'none';
  /** A second unique index, over the column n. */
  readonly unique: 'none' | 'exact' | 'prefix';
  readonly group: 'none' | 'own' | 'other';
}

export const PLAIN: TargetKind = { collation: 'utf8mb4_general_ci', key: 'id', unique: 'none', group: 'none' };

export const TABLE: TableDefinition = {
  schema: 's',
  table: 't',
  columns: [
    { name: 'id', kind: 'text', declared: 'varchar(40)', nullable: false, charset: 'utf8mb4' },
    { name: 'n', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
  ] satisfies ColumnDefinition[],
  primaryKey: [0],
};

export const MAPPING: MappingDefinition = {
  id: 'm',
  source: { schema: 's', table: { exact: 't' } },
  target: { schema: 's' },
  columns: { mode: 'all' },
};

export function targetOf({ collation, key, unique, group }: TargetKind): TargetTable {
  const plain = { nullable: false, generated: false, needsValue: false, paddedBytes: null };
  const primary = key === 'none' ? null : { name: 'PRIMARY', columns: [key], isExact: true, isNotNull: true };
  const other = { name: 'by_n', columns: ['n'], isExact: unique === 'exact', isNotNull: true };
  const tie = { group: group === 'own' ? '["s","t"]' : '["s","a"]', isChecked: true, changesRows: true };
  return {
    ...{
      schema: 's',
      table: 't',
      triggers: [],
      engine: 'InnoDB',
      rowEstimate: null,
      statement: '',
      indexed: new Set<string>(),
    },
    columns: new Map([
      ['id', { ...plain, name: 'id', dataType: 'varchar', columnType: 'varchar(40)', charset: 'utf8mb4', collation }],
      ['n', { ...plain, name: 'n', dataType: 'int', columnType: 'int', charset: null, collation: null }],
    ]),
    key: primary,
    uniqueKeys: [...(primary === null ? [] : [primary]), ...(unique === 'none' ? [] : [other])],
    ...(group === 'none' ? {} : { foreignKeys: { trust: { ...tie, isSelfReferencing: false } } }),
  };
}

export const writerFor = (kind: TargetKind): TableWriter =>
  compileTableWriter(TABLE, targetOf(kind), { noPrimaryKey: 'matchAllColumns' });

export const inserted = (values: readonly [string, number], event: number): RowChange => ({
  ...{ table: 0, event, row: 0, part: 0, flags: 0 },
  kind: 'insert',
  after: values,
});

const transaction = { seq: 1, gtid: '0-1-11', firstEvent: 0, commitMs: 0, isLast: true };
export const rowOf = (writer: TableWriter, change: RowChange): WritableRow => ({
  writer,
  change,
  origin: { process: 1, transaction, serverUuid: 'a' },
});
