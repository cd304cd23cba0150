import { columnIndex } from '@lutra/model';
import type { ColumnDefinition, ColumnKind, TableDefinition } from '@lutra/model';
import { labelsOf } from './changes-labels.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

const INTEGER_BYTES: Readonly<Record<string, number>> = { tinyint: 1, smallint: 2, mediumint: 3, int: 4, bigint: 8 };
const KINDS: Readonly<Record<string, ColumnKind>> = {
  ...{ decimal: 'decimal', float: 'float', double: 'double', bit: 'bit', year: 'year', date: 'date', time: 'time' },
  ...{ datetime: 'datetime', timestamp: 'timestamp', enum: 'enum', set: 'set', json: 'json', geometry: 'geometry' },
  ...{ char: 'text', varchar: 'text', tinytext: 'text', text: 'text', mediumtext: 'text', longtext: 'text' },
  ...{ uuid: 'text', inet6: 'text', inet4: 'text', point: 'geometry', linestring: 'geometry', polygon: 'geometry' },
  ...{ multipoint: 'geometry', multilinestring: 'geometry', multipolygon: 'geometry' },
  ...{ geometrycollection: 'geometry', geomcollection: 'geometry' },
};

/** What rows of the table would be described as if it were the source's: a table is read in the same way on both sides. */
export function defineTable(table: TargetTable): TableDefinition {
  const columns = [...table.columns.values()];
  const primary = table.uniqueKeys.find(({ name }) => name === 'PRIMARY')?.columns ?? [];
  return {
    schema: table.schema,
    table: table.table,
    columns: columns.map(defineColumn),
    primaryKey: primary.map((name) => columnIndex(columns, name)).filter((position) => position >= 0),
  };
}

function defineColumn(column: TargetColumn): ColumnDefinition {
  const { name, dataType, columnType, nullable, generated, charset, collation } = column;
  const [first, second] = (/\(([\d,]+)\)/.exec(columnType)?.[1] ?? '').split(',').map(Number);
  const base = {
    name,
    // MariaDB prints the display width of integers and years; it means nothing.
    declared: columnType.replace(/^(tinyint|smallint|mediumint|int|bigint|year)\(\d+\)/, '$1'),
    nullable,
    ...(generated ? { generated } : {}),
  };
  const unsigned = / unsigned\b/.test(columnType);
  const bytes = INTEGER_BYTES[dataType];
  if (bytes !== undefined) return { ...base, kind: 'integer', bytes, unsigned };
  const kind = KINDS[dataType] ?? 'binary';
  const length = first === undefined || first === 0 ? {} : { length: first };
  const text = charset === null ? {} : { charset, ...(collation === null ? {} : { collation }) };
  switch (kind) {
    case 'decimal':
      return { ...base, kind, unsigned, ...length, scale: second ?? 0 };
    case 'float':
    case 'double':
      return { ...base, kind, unsigned };
    case 'time':
    case 'datetime':
    case 'timestamp':
      return { ...base, kind, length: first ?? 0 };
    case 'enum':
    case 'set': {
      const labels = labelsOf(columnType);
      return { ...base, kind, ...text, ...(labels === null ? {} : { labels }) };
    }
    case 'text':
      return { ...base, kind, ...text, ...length };
    case 'bit':
    case 'binary':
      return { ...base, kind, ...length };
    default:
      return { ...base, kind };
  }
}
