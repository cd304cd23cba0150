import { extractChain } from '@lutra/mapping';
import type { ProcessorChain, Processors } from '@lutra/mapping';
import type { MappingMatcher, TableDefinition } from '@lutra/model';

/** Shapes of tables that are kept: the decoder makes a definition for each process. */
const TABLES_MAX = 1_000;

/** The processors of extract that one revision names, by table. */
export class ExtractProcessors {
  private readonly chains = new Map<string, ProcessorChain | null>();
  /** The same by definition, of which each row of a process has the same one. */
  private known = new WeakMap<TableDefinition, { readonly chain: ProcessorChain | null }>();

  constructor(
    private readonly matcher: MappingMatcher,
    private readonly processors: Processors,
  ) {}

  /** Null: rows of the table are as the log has them. Throws what {@link extractChain} throws. */
  of(table: TableDefinition): ProcessorChain | null {
    let known = this.known.get(table);
    if (known === undefined) this.known.set(table, (known = { chain: this.chainOf(table) }));
    return known.chain;
  }

  /** What processors have opened is closed behind the rows that are under way. Never rejects. */
  async close(): Promise<void> {
    const chains = [...this.chains.values()];
    this.chains.clear();
    this.known = new WeakMap();
    for (const chain of chains) await chain?.close();
  }

  private chainOf(table: TableDefinition): ProcessorChain | null {
    const mappings = this.matcher.targetsOf(table.schema, table.table).map(({ mapping }) => mapping);
    if (mappings.every(({ rules }) => rules?.processors === undefined)) return null;
    const shape = JSON.stringify(table);
    let chain = this.chains.get(shape);
    if (chain === undefined) {
      chain = extractChain([...new Set(mappings)], table, this.processors);
      if (this.chains.size >= TABLES_MAX) void this.close();
      this.chains.set(shape, chain);
    }
    return chain;
  }
}
