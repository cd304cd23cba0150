import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RowProcessEncoder } from '@lutra/messaging';
import type { ProcessWriter } from '@lutra/messaging';
import type { MappingDefinition, MappingRules, PipelineDefinition, TableDefinition } from '@lutra/model';
import { projectRoot } from '@lutra/testing';
import { measureOf } from './measure.ts';
import type { Measure } from './measure.ts';

export interface TransformOptions {
  readonly runs: number;
  readonly scale: number;
  readonly say: (text: string) => void;
  readonly print: (measure: Measure) => void;
}

/** What transform does with a process: a service exports nothing. */
interface TransformParts {
  readonly TransformStage: new (openKey: (key: string) => string) => {
    work(
      task: { readonly definition: PipelineDefinition; readonly body: Uint8Array; readonly output: ProcessWriter },
      signal: AbortSignal,
    ): Promise<{ readonly rowCount: number }>;
  };
}

const ROWS = 200_000;
/** As select makes them by default. */
const ROWS_PER_PROCESS = 5_000;
const MICROSECONDS_PER_SECOND = 1e6;

const TABLE: TableDefinition = {
  schema: 'shop',
  table: 'orders',
  columns: [
    { name: 'id', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8 },
    { name: 'customer', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
    { name: 'name', kind: 'text', declared: 'varchar(40)', nullable: true, charset: 'utf8mb4', length: 40 },
    { name: 'amount', kind: 'decimal', declared: 'decimal(10,2)', nullable: false, length: 10, scale: 2 },
    { name: 'created', kind: 'datetime', declared: 'datetime', nullable: false, length: 0 },
    { name: 'state', kind: 'integer', declared: 'tinyint', nullable: false, bytes: 1 },
  ],
  primaryKey: [0],
};

const SCRIPT = `function transform(row) {
  row.name = row.name.toUpperCase();
  row.state = row.customer > 4100 ? 2 : 1;
  return row;
}`;

const EXPRESSIONS: MappingRules = {
  columns: [
    { target: 'gross', from: { kind: 'expression', expression: 'round(amount * 1.19, 2)' } },
    { target: 'label', from: { kind: 'expression', expression: 'state == 1 ? upper(name) : name' } },
  ],
};

/** Mappings of one table, with what the issue of transform asks of each. */
const CASES: readonly {
  readonly name: string;
  readonly budget: number | null;
  readonly mapping: Partial<MappingDefinition>;
}[] = [
  { name: 'copied', budget: 400_000, mapping: {} },
  { name: 'renamed', budget: null, mapping: { columns: renamed('customer') } },
  { name: 'expressions', budget: 150_000, mapping: { columns: renamed('customer'), rules: EXPRESSIONS } },
  { name: 'script', budget: 50_000, mapping: { rules: scriptOf(SCRIPT) } },
];

/** From encoded input to encoded output, on processes in memory, one thread: rows per second of processor time, threads of Node included. */
export async function benchTransform({ runs, scale, say, print }: TransformOptions): Promise<void> {
  const { TransformStage } = await loadTransform();
  const body = encodedProcess();
  const processCount = Math.max(1, Math.round((ROWS * scale) / ROWS_PER_PROCESS));
  for (const { name, budget, mapping } of CASES) {
    say(`transform.${name} …`);
    const stage = new TransformStage((key) => key);
    const definition = definitionOf(mapping);
    const once = async (): Promise<void> => {
      const { rowCount } = await stage.work({ definition, body, output: nowhere }, new AbortController().signal);
      if (rowCount !== ROWS_PER_PROCESS) throw new Error('rows are missing: the figures would mean nothing');
    };
    const ours: number[] = [];
    for (let run = -1; run < runs; run += 1) {
      const before = process.cpuUsage();
      for (let count = 0; count < processCount; count += 1) await once();
      const { user, system } = process.cpuUsage(before);
      // The first one warms up.
      if (run >= 0) ours.push((processCount * ROWS_PER_PROCESS * MICROSECONDS_PER_SECOND) / (user + system));
    }
    const asked = budget === null ? '' : `, asked: ${budget.toLocaleString('en')}`;
    print(measureOf(`transform.${name}`, 'rows/s', { ours, note: `6 columns, per second of processor time${asked}` }));
  }
}

function renamed(column: string): MappingDefinition['columns'] {
  return { mode: 'except', names: [], renames: [{ source: column, target: `${column}_no` }] };
}

function scriptOf(source: string): MappingRules {
  return { script: { source, columns: [], timeMs: 1_000, memoryBytes: 32 * 1024 * 1024 } };
}

function definitionOf(mapping: Partial<MappingDefinition>): PipelineDefinition {
  const whole: MappingDefinition = {
    id: 'bench',
    source: { schema: TABLE.schema, table: { exact: TABLE.table } },
    target: { schema: 'copy' },
    columns: { mode: 'all' },
    ...mapping,
  };
  return { id: 'bench', revision: 1, mappings: [whole] } as unknown as PipelineDefinition;
}

const nowhere = {
  isFull: false,
  write: () => undefined,
  drain: () => Promise.resolve(),
} as unknown as ProcessWriter;

function encodedProcess(): Buffer {
  const chunks: Uint8Array[] = [];
  const encoder = new RowProcessEncoder({ ...nowhere, write: (bytes) => chunks.push(bytes) });
  const table = encoder.defineTable(TABLE);
  encoder.beginTransaction({ seq: 1, gtid: '0-1-1', firstEvent: 0, commitMs: 1_700_000_000_000, isLast: true });
  for (let row = 0; row < ROWS_PER_PROCESS; row += 1) {
    const amount = `${String(row)}.${String(row % 100).padStart(2, '0')}`;
    const after = [
      BigInt(1e6 + row),
      4_000 + (row % 200),
      `customer name ${String(row)}`,
      amount,
      '2024-02-29 12:34:56',
      3,
    ];
    encoder.change({ kind: 'insert', table, event: 0, row, part: 0, flags: 0, after });
  }
  encoder.endTransaction();
  encoder.end();
  return Buffer.concat(chunks);
}

async function loadTransform(): Promise<TransformParts> {
  const file = join(projectRoot, 'services', 'transform', 'dist', 'transform-stage.js');
  return (await import(pathToFileURL(file).href)) as TransformParts;
}
