import { extractChanges } from '@lutra/mapping';
import type { ProcessorChain } from '@lutra/mapping';
import type { RowProcessEncoder } from '@lutra/messaging';
import { assertNever, REPAIRS } from '@lutra/model';
import type { RowChange, TableDefinition, TransactionHeader } from '@lutra/model';
import type { RowWriter } from '../row-writer.ts';

type Step =
  | { readonly kind: 'begin'; readonly header: TransactionHeader }
  | { readonly kind: 'end' }
  | { readonly kind: 'row'; readonly table: TableDefinition; readonly change: RowChange }
  | { readonly kind: 'processed'; readonly chain: ProcessorChain; readonly change: RowChange };

interface Written {
  readonly table: TableDefinition;
  readonly change: RowChange;
}

/** Rows that are asked about together; those of a queue that is passed on at once may be more. */
const ROWS_MAX = 2_048;

/** Writes rows, those of tables with processors behind them; everything leaves in the order in which it came. */
export class ProcessedRows {
  private steps: Step[] = [];

  constructor(
    private readonly encoder: RowProcessEncoder,
    private readonly writer: RowWriter,
    private readonly chainOf: (table: TableDefinition) => ProcessorChain | null,
  ) {}

  /** Whether {@link settle} is to be called before more comes. */
  get isFull(): boolean {
    return this.steps.length >= ROWS_MAX;
  }

  begin(header: TransactionHeader): void {
    if (this.steps.length === 0) this.encoder.beginTransaction(header);
    else this.steps.push({ kind: 'begin', header });
  }

  end(): void {
    if (this.steps.length === 0) this.encoder.endTransaction();
    else this.steps.push({ kind: 'end' });
  }

  /**
   * A key without a row that somebody sends once more goes nowhere where a processor has its say: what it would have made of the row
   * is not known. Whoever sends them answers such keys (libs/model: whyNotGone).
   */
  change(table: TableDefinition, change: RowChange): void {
    const chain = this.chainOf(table);
    if (chain !== null && change.kind === 'delete' && (change.flags & REPAIRS) !== 0) return;
    if (chain !== null) this.steps.push({ kind: 'processed', chain, change });
    else if (this.steps.length === 0) this.writer.change(table, change);
    else this.steps.push({ kind: 'row', table, change });
  }

  /** Passes on all that waits. `drained` is awaited between rows. Throws PROCESSOR_TIMEOUT, PROCESSOR_UNAVAILABLE. */
  async settle(signal: AbortSignal, drained: () => Promise<void>): Promise<void> {
    const { steps } = this;
    if (steps.length === 0) return;
    this.steps = [];
    const processed = await processedRows(steps, signal);
    for (const step of steps) {
      this.emit(step, processed);
      await drained();
    }
  }

  private emit(step: Step, processed: ReadonlyMap<Step, Written | null>): void {
    switch (step.kind) {
      case 'begin':
        this.encoder.beginTransaction(step.header);
        return;
      case 'end':
        this.encoder.endTransaction();
        return;
      case 'row':
        this.writer.change(step.table, step.change);
        return;
      case 'processed': {
        const written = processed.get(step) ?? null;
        if (written !== null) this.writer.change(written.table, written.change);
        return;
      }
      default:
        assertNever(step);
    }
  }
}

/** What becomes of each row; null = nothing. */
async function processedRows(steps: readonly Step[], signal: AbortSignal): Promise<ReadonlyMap<Step, Written | null>> {
  const byChain = new Map<ProcessorChain, Extract<Step, { kind: 'processed' }>[]>();
  for (const step of steps) {
    if (step.kind !== 'processed') continue;
    const known = byChain.get(step.chain);
    if (known === undefined) byChain.set(step.chain, [step]);
    else known.push(step);
  }
  const processed = new Map<Step, Written | null>();
  for (const [chain, rows] of byChain) {
    const changes = await extractChanges(
      chain,
      rows.map(({ change }) => change),
      signal,
    );
    for (const [index, step] of rows.entries()) {
      const change = changes[index] ?? null;
      processed.set(step, change === null ? null : { table: chain.table, change });
    }
  }
  return processed;
}
