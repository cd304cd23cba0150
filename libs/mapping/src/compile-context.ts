import type { LookupRule, MappingDefinition, TableDefinition } from '@lutra/model';
import type { TableLookups } from './lookup/table-lookups.ts';
import type { Processors } from './processor/processors.ts';

/** As long as a key has to be. For mappings that are compiled to be looked at: no key changes what they read, or their types. */
export const ANY_KEY = 'x'.repeat(32);

/** What a mapping is compiled for. */
export interface CompileContext {
  readonly mapping: MappingDefinition;
  readonly source: TableDefinition;
  /** Opens the key of a masking step: a reference or a sealed secret. Throws a SyncError of class configuration. */
  readonly openKey: (key: string) => string;
  /** The other table of a look-up as it stands; null = there is none that the user may see. Absent where no mapping has look-ups. */
  readonly lookupTable?: (rule: LookupRule) => TableDefinition | null;
  /** Of the mapping, once `source` has their columns. */
  readonly lookups?: TableLookups | null;
  /** Loaded. Absent = none is allowed. */
  readonly processors?: Processors;
}
