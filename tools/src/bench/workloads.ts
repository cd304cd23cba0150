import type { Connection } from 'mysql2/promise';

/** A backlog that is written at the source while nobody reads it, and then caught up. */
export interface Workload {
  readonly bench: 'load.tx10' | 'load.autocommit' | 'load.hot' | 'load.bulk' | 'load.mixed';
  /** Row changes that the workload makes. */
  readonly rowCount: number;
  /** Statements that create the table; run at the source (the replica gets them from there) and at the target. */
  readonly tables: readonly string[];
  /** Their names. */
  readonly names: readonly string[];
  /** Rows that both sides have before the clock starts. */
  readonly prepare?: (connection: Connection) => Promise<void>;
  readonly write: (connections: readonly Connection[]) => Promise<void>;
}

const ordersTable = (table: string): string => `CREATE TABLE ${table} (
  id BIGINT NOT NULL PRIMARY KEY, customer_id INT NOT NULL, state VARCHAR(16) NOT NULL, amount DECIMAL(12,2) NOT NULL,
  note VARCHAR(100) NOT NULL, created_at DATETIME(6) NOT NULL) ENGINE=InnoDB`;
const stockTable = (table: string): string =>
  `CREATE TABLE ${table} (id INT NOT NULL PRIMARY KEY, quantity INT NOT NULL, name VARCHAR(40) NOT NULL) ENGINE=InnoDB`;

const order = (id: number): string =>
  `(${String(id)},${String(id % 9973)},'open',${String((id % 100_000) / 100)},'note of order ${String(id)} with some text','2026-11-21 08:00:00.${String(id % 1_000_000).padStart(6, '0')}')`;

/** Runs `statement(i)` for all i, spread over the connections, each connection in order. */
async function spread(
  connections: readonly Connection[],
  count: number,
  work: (connection: Connection, index: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    connections.map(async (connection, lane) => {
      for (let index = lane; index < count; index += connections.length) await work(connection, index);
    }),
  );
}

async function inTransaction(connection: Connection, statements: readonly string[]): Promise<void> {
  await connection.query('BEGIN');
  for (const statement of statements) await connection.query(statement);
  await connection.query('COMMIT');
}

async function fillStock(connection: Connection, stock: string, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_unused, index) => `(${String(index)},0,'item ${String(index)}')`);
  await connection.query(`INSERT INTO ${stock} VALUES ${rows.join(',')}`);
}

/** The five workloads of the load benches, sized so that a run takes some seconds on two cores; `scale` multiplies the sizes, `run` makes the tables' names unique. */
export function workloads(scale: number, run: string): Workload[] {
  const [orders, stock] = [`orders_${run}`, `stock_${run}`];
  const sized = (count: number): number => Math.max(10, Math.round((count * scale) / 10) * 10);
  const [tx10, autocommit, hot, bulk, mixed] = [
    sized(100_000),
    sized(30_000),
    sized(60_000),
    sized(300_000),
    sized(60_000),
  ];
  return [
    {
      bench: 'load.tx10',
      rowCount: tx10,
      tables: [ordersTable(orders)],
      names: [orders],
      write: (connections) =>
        spread(connections, tx10 / 10, (connection, index) =>
          inTransaction(
            connection,
            Array.from({ length: 10 }, (_unused, row) => `INSERT INTO ${orders} VALUES ${order(index * 10 + row)}`),
          ),
        ),
    },
    {
      bench: 'load.autocommit',
      rowCount: autocommit,
      tables: [ordersTable(orders)],
      names: [orders],
      write: (connections) =>
        spread(connections, autocommit, async (connection, index) => {
          await connection.query(`INSERT INTO ${orders} VALUES ${order(index)}`);
        }),
    },
    {
      bench: 'load.hot',
      rowCount: hot,
      tables: [stockTable(stock)],
      names: [stock],
      prepare: (connection) => fillStock(connection, stock, 100),
      write: (connections) =>
        spread(connections.slice(0, 1), hot / 10, (connection, index) =>
          inTransaction(
            connection,
            Array.from(
              { length: 10 },
              (_unused, row) =>
                `UPDATE ${stock} SET quantity = quantity + 1 WHERE id = ${String((index * 7 + row) % 100)}`,
            ),
          ),
        ),
    },
    {
      bench: 'load.bulk',
      rowCount: bulk,
      tables: [ordersTable(orders)],
      names: [orders],
      write: (connections) =>
        spread(connections.slice(0, 1), bulk / 1000, async (connection, index) => {
          await connection.query(
            `INSERT INTO ${orders} VALUES ${Array.from({ length: 1000 }, (_unused, row) => order(index * 1000 + row)).join(',')}`,
          );
        }),
    },
    {
      bench: 'load.mixed',
      rowCount: mixed,
      tables: [ordersTable(orders), stockTable(stock)],
      names: [orders, stock],
      prepare: (connection) => fillStock(connection, stock, 1000),
      write: (connections) =>
        spread(connections, mixed / 5, (connection, index) =>
          inTransaction(connection, [
            `INSERT INTO ${orders} VALUES ${order(index * 2)},${order(index * 2 + 1)}`,
            `UPDATE ${stock} SET quantity = quantity - 1 WHERE id = ${String((index * 13) % 1000)}`,
            `UPDATE ${orders} SET state = 'paid' WHERE id = ${String(index * 2)}`,
            `DELETE FROM ${orders} WHERE id = ${String(index * 2 + 1)}`,
          ]),
        ),
    },
  ];
}
