import { compileMappings, must, SyncError } from '@lutra/model';
import type {
  ColumnDefinition,
  MappingDefinition,
  MappingRules,
  RowChange,
  RowImage,
  RowRefusal,
  TableDefinition,
} from '@lutra/model';
import { TableMapping } from '../src/table-mapping.ts';
import type { RowFacts } from '../src/compiled-value.ts';

const integer = (name: string): ColumnDefinition => ({
  ...{ name, kind: 'integer', declared: 'int', nullable: true, bytes: 4 },
});
const text = (name: string): ColumnDefinition => ({
  ...{ name, kind: 'text', declared: 'varchar(50)', nullable: true, charset: 'utf8mb4' },
});

/** A source table with a column of each kind that rules of rows look at. */
export const ORDERS: TableDefinition = {
  schema: 'shop',
  table: 'orders',
  columns: [
    integer('id'),
    integer('amount'),
    text('region'),
    { name: 'tags', kind: 'json', declared: 'json', nullable: true },
    text('words'),
  ],
  primaryKey: [0],
};

export const FACTS: RowFacts = {
  ...{ pipelineId: 'p1', gtid: '0-1-7', commitMs: 1_700_000_000_000.25, event: 3, row: 4, kind: 'update' },
};

/** A mapping of {@link ORDERS}, or of another table. */
export function mappingOf(
  rules: MappingRules | undefined,
  options: { readonly columns?: MappingDefinition['columns']; readonly source?: TableDefinition } = {},
): TableMapping {
  const { columns = { mode: 'all' }, source = ORDERS } = options;
  const mapping: MappingDefinition = {
    id: 'm1',
    source: { schema: source.schema, table: { exact: source.table } },
    target: { schema: 'archive', table: 'copies' },
    columns,
    ...(rules === undefined ? {} : { rules }),
  };
  const context = { source, openKey: () => 'key' };
  return must(TableMapping.all(compileMappings([mapping]), context)[0], 'the mapping covers the table');
}

const at = { table: 0, event: 3, row: 4, part: 0, flags: 0 };
export const insert = (after: RowImage): RowChange => ({ ...at, kind: 'insert', after });
export const update = (before: RowImage, after: RowImage): RowChange => ({ ...at, kind: 'update', before, after });
export const remove = (before: RowImage): RowChange => ({ ...at, kind: 'delete', before });

export interface Outcome {
  readonly table: string;
  readonly kind: RowChange['kind'];
  readonly before?: RowImage;
  readonly after?: RowImage;
  readonly refusal?: RowRefusal | undefined;
}

/** What becomes of a change, tables by name. */
export function outcome(
  mapping: TableMapping,
  change: RowChange,
  facts: RowFacts = { ...FACTS, kind: change.kind },
): readonly Outcome[] {
  return mapping.map(change, facts).map(({ target, ...mapped }) => ({
    ...mapped,
    table: must(mapping.targets[target], 'a row goes to one of the targets').table,
  }));
}

/** The code of the SyncError that is thrown; 'none' when none is. */
export function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    if (SyncError.is(error)) return error.code;
    throw error;
  }
}

/** Names of the columns at the target. */
export const columnsOf = ({ targets }: TableMapping): readonly string[] =>
  must(targets[0], 'a mapping has a target').columns.map(({ name }) => name);
