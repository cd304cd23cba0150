import type { RawProcess, RowProcess, StatementProcess, TableDefinition } from '@lutra/model';
import { RawProcessEncoder, RowProcessEncoder } from '../src/index.ts';
import type { ProcessHeader } from '@lutra/model';
import { processHeader } from './fixtures.ts';

/** Collects what an encoder writes. */
export function collect(
  write: (sink: { write(bytes: Uint8Array): void; isFull: boolean; drain(): Promise<void> }) => void,
): Buffer {
  const pieces: Uint8Array[] = [];
  write({ write: (bytes) => pieces.push(bytes), isFull: false, drain: () => Promise.resolve() });
  return Buffer.concat(pieces);
}

export const encodeRows = (process: Pick<RowProcess, 'tables' | 'transactions'>): Buffer =>
  collect((sink) => {
    const encoder = new RowProcessEncoder(sink);
    for (const table of process.tables) encoder.defineTable(table);
    for (const { changes, ...begin } of process.transactions) {
      encoder.beginTransaction(begin);
      for (const change of changes) encoder.change(change);
      encoder.endTransaction();
    }
    encoder.end();
  });

export const encodeRaw = (process: Pick<RawProcess, 'transactions'>): Buffer =>
  collect((sink) => {
    const encoder = new RawProcessEncoder(sink);
    for (const { events, isLast, ...begin } of process.transactions) {
      encoder.beginTransaction(begin);
      for (const { bytes, ...event } of events) {
        encoder.beginEvent({ ...event, length: bytes.length });
        // In two pieces, as from a socket.
        encoder.append(bytes.subarray(0, bytes.length >> 1));
        encoder.append(bytes.subarray(bytes.length >> 1));
      }
      encoder.endTransaction({ isLast, gtid: begin.gtid });
    }
  });

const orders: TableDefinition = {
  schema: 'shop',
  table: 'orders',
  primaryKey: [0],
  columns: [
    { name: 'id', kind: 'integer', declared: 'bigint unsigned', nullable: false, bytes: 8, unsigned: true },
    {
      name: 'köchin',
      kind: 'text',
      declared: 'varchar(64)',
      nullable: true,
      charset: 'utf8mb4',
      collation: 'utf8mb4_bin',
      length: 64,
    },
    { name: 'price', kind: 'decimal', declared: 'decimal(10,2)', nullable: true, length: 10, scale: 2 },
    { name: 'state', kind: 'enum', declared: "enum('new','sent')", nullable: true, labels: ['new', 'sent'] },
    { name: 'photo', kind: 'binary', declared: 'longblob', nullable: true, generated: false },
    { name: 'weight', kind: 'double', declared: 'double', nullable: true, unsigned: false, generated: true },
  ],
};

const change = { table: 0, part: 0, flags: 0 };

export const goldenRows: RowProcess = {
  header: processHeader(),
  tables: [orders, { schema: 'shop', table: 'log', columns: [], primaryKey: [] }],
  transactions: [
    {
      seq: 1,
      gtid: '0-1-7',
      firstEvent: 0,
      commitMs: 1_700_000_000_000.123,
      isLast: true,
      changes: [
        {
          ...change,
          kind: 'insert',
          event: 0,
          row: 0,
          after: [2n ** 63n, 'Käthe 😀 漢字', '-12.50', 'new', Buffer.from([0, 255]), -0.5],
        },
        {
          ...change,
          kind: 'update',
          event: 0,
          row: 1,
          flags: 3,
          before: [-(2n ** 63n), 'short', null, undefined, undefined, -0],
          after: [1n, 'x'.repeat(100), '0.00', '', Buffer.alloc(0), 1e300],
        },
        {
          ...change,
          kind: 'delete',
          event: 300,
          row: 70_000,
          part: 2,
          before: [7, 63, 64, -1, 2_147_483_647, -2_147_483_648],
        },
      ],
    },
    { seq: 2, gtid: '', firstEvent: 12, commitMs: 0, isLast: false, changes: [] },
  ],
};

export const goldenTarget: RowProcess = {
  header: processHeader(),
  tables: [{ ...orders, schema: 'copy' }],
  transactions: [
    {
      seq: 9,
      gtid: 'c0ffee00-0000-0000-0000-000000000001:9',
      firstEvent: 0,
      commitMs: 5,
      isLast: true,
      changes: [{ ...change, kind: 'insert', event: 0, row: 0, part: 1, after: [3n, 'a', null, null, null, 2 ** 53] }],
    },
  ],
};

/** Rows that could not be mapped, among others. */
export const goldenRefused: RowProcess = {
  ...goldenTarget,
  transactions: goldenTarget.transactions.map((transaction) => ({
    ...transaction,
    changes: [
      ...transaction.changes,
      {
        ...change,
        kind: 'update',
        event: 1,
        row: 300,
        before: [3n, 'a', null, null, null, 2 ** 53],
        after: [3n, 'b', undefined, null, null, undefined],
        refusal: {
          code: 'ROW_REFUSED',
          problem: 'Die Köchin ist fort',
          details: { mapping: 'm', column: 'price', position: 17 },
          columns: [2, 300],
          isOnlyBefore: false,
        },
      },
      {
        ...change,
        kind: 'delete',
        event: 1,
        row: 301,
        before: [4n, undefined, null, null, null, null],
        refusal: { code: 'ROW_REFUSED', problem: '', details: {}, columns: [1], isOnlyBefore: true },
      },
    ],
  })),
};

export const goldenRaw: RawProcess = {
  header: processHeader(),
  transactions: [
    {
      seq: 3,
      gtid: '0-1-8',
      firstEvent: 2,
      commitMs: 1_700_000_000_000,
      isLast: true,
      events: [
        { type: 'tableMap', event: 2, bytes: Buffer.from('table map') },
        { type: 'rows', event: 2, bytes: Buffer.from([1, 2, 3, 0, 255]) },
      ],
    },
    { seq: 4, gtid: '0-1-9', firstEvent: 0, commitMs: 0, isLast: false, events: [] },
  ],
};

export const goldenHeader: ProcessHeader = processHeader({
  pipelineId: '01J0000000000000000000000A',
  epoch: 300,
  process: 70_000,
  end: {
    done: { kind: 'file', serverUuid: 'uuid', file: 'binlog.000001', offset: 2 ** 40 },
    inside: { gtid: '0-1-7', event: 1, row: 2, part: 3, serverUuid: 'uuid' },
  },
  sourceBytes: 2 ** 45,
  stages: [
    { stage: 'select', instance: 'select-1', startMs: 1.5, endMs: 2.5, rowCount: 5, bytes: 99 },
    { stage: 'extract', instance: 'extract-2', startMs: 3, endMs: 4, rowCount: 50, bytes: 2 ** 33 },
  ],
});

export const goldenStatement: StatementProcess = {
  header: goldenHeader,
  transaction: { seq: 5, gtid: '0-1-10', firstEvent: 0, commitMs: 1_700_000_000_000, isLast: true },
  statement: {
    kind: 'rename',
    text: 'RENAME TABLE `_öl_gho` TO `öl`',
    schema: 'shop',
    flavour: 'mariadb',
    tables: [
      { schema: 'shop', table: '_öl_gho' },
      { schema: 'shop', table: 'öl' },
    ],
    ghost: { step: 'swap', ghost: { schema: 'shop', table: '_öl_gho' }, of: { schema: 'shop', table: 'öl' } },
    sqlMode: 'STRICT_TRANS_TABLES,ANSI_QUOTES',
    foreignKeyChecks: false,
    explicitDefaultsForTimestamp: null,
  },
  targets: [
    {
      kind: 'alter',
      text: 'ALTER TABLE `copy`.`öl` ADD COLUMN `n` int',
      schema: '',
      tables: [{ schema: 'copy', table: 'öl' }],
      ghost: { step: 'swap', name: 'shop._öl_gho' },
    },
  ],
};
