import { TableMapping } from '@lutra/mapping';
import type { CompileContext } from '@lutra/mapping';
import { compileMappings } from '@lutra/model';
import type { MappingMatcher, PipelineDefinition, SourceNames, TableDefinition } from '@lutra/model';

/** Tables that a pipeline's mappings are kept compiled for: one may match very many. */
const TABLES_MAX = 1_000;

export const hasLookups = ({ mappings }: Pick<PipelineDefinition, 'mappings'>): boolean =>
  mappings.some(({ rules }) => (rules?.lookups ?? []).length > 0);

/** The mappings of one revision, applied to table shapes. */
export class CompiledPipeline {
  readonly id: string;
  readonly revision: number;
  /** The source takes names in any case. */
  readonly isCaseFolded: boolean;
  /** Whether what a transaction is called and when it was committed may be asked for. */
  readonly needsFacts: boolean;
  readonly hasLookups: boolean;
  private readonly matcher: MappingMatcher;
  /** Compiled before, by the table's shape: scripts and expressions are compiled once per revision. */
  private readonly known = new Map<string, readonly TableMapping[]>();

  constructor(
    definition: PipelineDefinition,
    private readonly context: Pick<CompileContext, 'openKey' | 'lookupTable' | 'processors'>,
    { isCaseFolded = false }: SourceNames,
  ) {
    this.id = definition.id;
    this.revision = definition.revision;
    this.isCaseFolded = isCaseFolded;
    this.needsFacts = definition.mappings.some(({ rules }) => rules !== undefined);
    this.hasLookups = hasLookups(definition);
    this.matcher = compileMappings(definition.mappings, { isCaseFolded });
  }

  /** One entry per mapping that covers the table; none when no mapping does. Throws what {@link TableMapping.all} throws. */
  mappingsOf(source: TableDefinition): readonly TableMapping[] {
    if (!this.needsFacts) return this.compile(source);
    const shape = JSON.stringify(source);
    let mappings = this.known.get(shape);
    if (mappings === undefined) {
      mappings = this.compile(source);
      if (this.known.size >= TABLES_MAX) this.forget();
      this.known.set(shape, mappings);
    }
    return mappings;
  }

  /** What its mappings have opened is closed, as soon as no row is mapped by them. */
  async close(): Promise<void> {
    for (const mappings of this.known.values()) for (const mapping of mappings) await mapping.close();
  }

  /** Rows that are under way go on with what they have; it is closed behind them. */
  private forget(): void {
    // Never rejects: closing is silent.
    for (const mappings of this.known.values()) for (const mapping of mappings) void mapping.close();
    this.known.clear();
  }

  private compile(source: TableDefinition): readonly TableMapping[] {
    return TableMapping.all(this.matcher, { source, ...this.context });
  }
}
