import { compileMappings, compileSelection, SyncError } from '@lutra/model';
import type {
  ColumnMapping,
  MappingDefinition,
  MappingMatcher,
  MappingTarget,
  PipelineDefinition,
  TableDefinition,
} from '@lutra/model';

/** What becomes of one source table under one mapping. */
export interface TableMapping {
  readonly target: TableDefinition;
  /** For each target column the position of its source column; null = the row's image is taken as it is. */
  readonly pick: readonly number[] | null;
}

/** The mappings of one revision applied to table shapes. */
export class MappedTables {
  readonly revision: number;
  private readonly matcher: MappingMatcher;

  constructor(definition: PipelineDefinition) {
    this.revision = definition.revision;
    this.matcher = compileMappings(definition.mappings);
  }

  /** One entry per mapping that covers the table; none when no mapping does. Throws MAPPING_COLUMN_UNKNOWN, MAPPING_COLUMN_TWICE. */
  mappingsOf(source: TableDefinition): readonly TableMapping[] {
    return this.matcher.targetsOf(source.schema, source.table).map((target) => mapTable(source, target));
  }
}

function mapTable(source: TableDefinition, { mapping, targetSchema, targetTable }: MappingTarget): TableMapping {
  const renamed = { schema: targetSchema, table: targetTable };
  if (mapping.columns.mode === 'all') return { target: { ...source, ...renamed }, pick: null };
  const columns = mapping.columns.mode === 'list' ? mapping.columns.columns : remaining(source, mapping);
  const pick = columns.map((column) => positionOf(source, column.source, mapping.id));
  return {
    pick,
    target: {
      ...renamed,
      columns: columns.map((column, index) => ({ ...columnAt(source, pick[index]), name: column.target })),
      primaryKey: keyOf(source, pick),
    },
  };
}

/** What a mapping with exceptions takes of this table, under the names at the target. */
function remaining(source: TableDefinition, { id, columns: selection }: MappingDefinition): readonly ColumnMapping[] {
  const nameOf = compileSelection(selection);
  const columns = source.columns.flatMap(({ name }): readonly ColumnMapping[] => {
    const target = nameOf(name);
    return target === null ? [] : [{ source: name, target }];
  });
  const targets = columns.map(({ target }) => target.toLowerCase());
  const twice = columns.find(({ target }, index) => targets.indexOf(target.toLowerCase()) !== index);
  if (twice === undefined) return columns;
  const table = `${source.schema}.${source.table}`;
  const problem = `Mapping ${id} gives two columns of ${table} the name ${twice.target}`;
  throw new SyncError('MAPPING_COLUMN_TWICE', { problem, mapping: id, column: twice.target, table });
}

/** Positions of the key in the new column order; empty when the mapping leaves out a part of the key, because the rest identifies nothing. */
function keyOf(source: TableDefinition, pick: readonly number[]): readonly number[] {
  const moved = source.primaryKey.map((position) => pick.indexOf(position));
  return moved.includes(-1) ? [] : moved;
}

function positionOf(source: TableDefinition, column: string, mapping: string): number {
  // Column names are case-insensitive in MySQL and MariaDB.
  const wanted = column.toLowerCase();
  const position = source.columns.findIndex(({ name }) => name.toLowerCase() === wanted);
  if (position >= 0) return position;
  const problem = `Mapping ${mapping} names the column ${column}, which ${source.schema}.${source.table} does not have`;
  throw new SyncError('MAPPING_COLUMN_UNKNOWN', {
    problem,
    mapping,
    column,
    table: `${source.schema}.${source.table}`,
  });
}

function columnAt(source: TableDefinition, position: number | undefined): TableDefinition['columns'][number] {
  const column = position === undefined ? undefined : source.columns[position];
  if (column === undefined) throw new Error('a picked position is inside the table');
  return column;
}
