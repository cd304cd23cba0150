import { TableMapping } from '@lutra/mapping';
import type { CompileContext } from '@lutra/mapping';
import { compileMappings } from '@lutra/model';
import type { MappingMatcher, PipelineDefinition, TableDefinition } from '@lutra/model';

/** The mappings of one revision, applied to table shapes. */
export class CompiledPipeline {
  readonly id: string;
  readonly revision: number;
  /** Whether what a transaction is called and when it was committed may be asked for. */
  readonly needsFacts: boolean;
  private readonly matcher: MappingMatcher;

  constructor(
    definition: PipelineDefinition,
    private readonly openKey: CompileContext['openKey'],
  ) {
    this.id = definition.id;
    this.revision = definition.revision;
    this.needsFacts = definition.mappings.some(({ rules }) => rules !== undefined);
    this.matcher = compileMappings(definition.mappings);
  }

  /** One entry per mapping that covers the table; none when no mapping does. Throws what {@link TableMapping.all} throws. */
  mappingsOf(source: TableDefinition): readonly TableMapping[] {
    return TableMapping.all(this.matcher, { source, openKey: this.openKey });
  }
}
