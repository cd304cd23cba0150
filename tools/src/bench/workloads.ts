/** One row change of a workload, as both the source's statements and the raw ceiling's are made of it. */
export interface BenchChange {
  readonly kind: 'insert' | 'update' | 'delete';
  /** Index into {@link Workload.tables}. */
  readonly table: number;
  readonly id: number;
  /** Literals of the whole row after the change, in the order of {@link COLUMNS}; of a delete, the key alone. */
  readonly row: readonly string[];
}

export const LOAD_BENCHES = ['load.tx10', 'load.autocommit', 'load.hot', 'load.bulk', 'load.mixed'] as const;
export type LoadBench = (typeof LOAD_BENCHES)[number];

/** A backlog that is written at the source while nobody reads it, and then caught up. */
export interface Workload {
  readonly bench: LoadBench;
  /** Row changes that the workload makes. */
  readonly rowCount: number;
  readonly tables: readonly string[];
  /** Rows that every side has before the clock starts: ids from 0, spread over the tables. */
  readonly preparedRows: number;
  readonly transactionCount: number;
  /** Begins and commits around its statements; autocommit otherwise. */
  readonly isTransactional: boolean;
  /** All changes of a transaction are one statement. */
  readonly isOneStatement: boolean;
  /** The changes of one transaction. Written by writer `index % WRITERS`, so that no two writers touch the same row. */
  transaction(index: number): readonly BenchChange[];
}

export const WRITERS = 8;
export const COLUMNS = ['id', 'customer_id', 'state', 'amount', 'note', 'created_at'] as const;
/** What an update sets. */
const UPDATED = [2, 3, 5] as const;

const ROWS = 200_000;
const ROWS_PER_TRANSACTION = 10;
const ROWS_PER_BULK_INSERT = 1_000;
const HOT_ROWS = 1_000;
const MIXED_TABLES = 20;
/** Of ten changes of the mixed workload. */
const MIXED = { inserts: 5, updates: 4, deletes: 1 } as const;
/** Rows for each row that is deleted: the others are updated. */
const MIXED_PREPARED_PER_DELETE = 2;

export const createTable = (table: string): string => `CREATE TABLE ${table} (
  id BIGINT NOT NULL PRIMARY KEY, customer_id INT NOT NULL, state VARCHAR(16) NOT NULL, amount DECIMAL(12,2) NOT NULL,
  note VARCHAR(100) NOT NULL, created_at DATETIME(6) NOT NULL, KEY customer (customer_id)) ENGINE=InnoDB`;

/** Version 0 is the row as it is inserted; each further one has another state, amount and time. */
export function rowLiterals(id: number, version: number): readonly string[] {
  const microseconds = String((id * 31 + version * 7_919) % 1_000_000).padStart(6, '0');
  return [
    String(id),
    String((id * 7_919) % 9_973),
    version === 0 ? "'open'" : `'state ${String(version % 7)}'`,
    String(((id + version * 13) % 1_000_000) / 100),
    `'note of order ${String(id)} with some text'`,
    `'2026-11-21 08:00:00.${microseconds}'`,
  ];
}

/** The five workloads of issue "Load": 200 000 rows each, times `scale`. `run` makes the tables' names unique. */
export function workload(bench: LoadBench, scale: number, run: string): Workload {
  const rowCount = Math.max(WRITERS, Math.round((ROWS * scale) / ROWS_PER_BULK_INSERT)) * ROWS_PER_BULK_INSERT;
  const base = { bench, rowCount, tables: [`orders_${run}`], preparedRows: 0, isTransactional: true };
  const inserts = (count: number) => (index: number) =>
    Array.from({ length: count }, (_unused, row) => insertOf(index * count + row));
  switch (bench) {
    case 'load.tx10':
      return {
        ...base,
        isOneStatement: false,
        transactionCount: rowCount / ROWS_PER_TRANSACTION,
        transaction: inserts(ROWS_PER_TRANSACTION),
      };
    case 'load.autocommit':
      return {
        ...base,
        isTransactional: false,
        isOneStatement: true,
        transactionCount: rowCount,
        transaction: inserts(1),
      };
    case 'load.bulk':
      return {
        ...base,
        isTransactional: false,
        isOneStatement: true,
        transactionCount: rowCount / ROWS_PER_BULK_INSERT,
        transaction: inserts(ROWS_PER_BULK_INSERT),
      };
    case 'load.hot':
      return {
        ...base,
        isOneStatement: false,
        preparedRows: HOT_ROWS,
        transactionCount: rowCount / ROWS_PER_TRANSACTION,
        transaction: hotUpdates,
      };
    case 'load.mixed':
      return mixed(base, run);
  }
}

function hotUpdates(index: number): readonly BenchChange[] {
  return Array.from({ length: ROWS_PER_TRANSACTION }, (_unused, row) => {
    const id = ownId(scattered(index * ROWS_PER_TRANSACTION + row) % (HOT_ROWS / WRITERS), index);
    return { kind: 'update', table: 0, id, row: rowLiterals(id, index * ROWS_PER_TRANSACTION + row + 1) };
  });
}

/** Half inserts, two fifths updates of rows that stay, a tenth deletes of rows that are never updated. */
function mixed(base: Pick<Workload, 'bench' | 'rowCount'>, run: string): Workload {
  const transactionCount = base.rowCount / ROWS_PER_TRANSACTION;
  const deletes = Math.ceil(transactionCount / WRITERS) * WRITERS * MIXED.deletes;
  const preparedRows = deletes * MIXED_PREPARED_PER_DELETE;
  const tableOf = (id: number): number => id % MIXED_TABLES;
  return {
    ...base,
    tables: Array.from({ length: MIXED_TABLES }, (_unused, table) => `orders_${run}_${String(table)}`),
    preparedRows,
    isTransactional: true,
    isOneStatement: false,
    transactionCount,
    transaction: (index) => {
      const updates = Array.from({ length: MIXED.updates }, (_unused, row): BenchChange => {
        const id = deletes + ownId(scattered(index * MIXED.updates + row) % (deletes / WRITERS), index);
        return { kind: 'update', table: tableOf(id), id, row: rowLiterals(id, index + 1) };
      });
      const inserts = Array.from({ length: MIXED.inserts }, (_unused, row): BenchChange => {
        const { id, row: literals } = insertOf(preparedRows + index * MIXED.inserts + row);
        return { kind: 'insert', table: tableOf(id), id, row: literals };
      });
      const removed: BenchChange = { kind: 'delete', table: tableOf(index), id: index, row: [String(index)] };
      return [...inserts, ...updates, removed];
    },
  };
}

const insertOf = (id: number): BenchChange => ({ kind: 'insert', table: 0, id, row: rowLiterals(id, 0) });

/** Ids are dealt to the writers in turn. */
const ownId = (number: number, transaction: number): number => number * WRITERS + (transaction % WRITERS);

/** The same numbers in every run, in no order. */
const scattered = (index: number): number => Math.imul(index + 1, 0x9e3779b1) >>> 8;

/** The statements of one transaction at the source, one per row change unless the workload says otherwise. */
export function sourceStatements(work: Workload, index: number): readonly string[] {
  const changes = work.transaction(index);
  const statements = work.isOneStatement ? [insertText(work, changes)] : changes.map((change) => oneText(work, change));
  return work.isTransactional ? ['BEGIN', ...statements, 'COMMIT'] : statements;
}

const insertText = ({ tables }: Workload, changes: readonly BenchChange[]): string =>
  `INSERT INTO ${String(tables[changes[0]?.table ?? 0])} VALUES ${changes.map(({ row }) => `(${row.join(',')})`).join(',')}`;

function oneText(work: Workload, change: BenchChange): string {
  const table = String(work.tables[change.table]);
  switch (change.kind) {
    case 'insert':
      return insertText(work, [change]);
    case 'update': {
      const assignments = UPDATED.map((column) => `${COLUMNS[column]}=${String(change.row[column])}`);
      return `UPDATE ${table} SET ${assignments.join(',')} WHERE id=${String(change.id)}`;
    }
    case 'delete':
      return `DELETE FROM ${table} WHERE id=${String(change.id)}`;
  }
}
