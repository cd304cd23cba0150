import type { MappingDefinition, TableDefinition } from '@lutra/model';

/** As long as a key has to be. For mappings that are compiled to be looked at: no key changes what they read, or their types. */
export const ANY_KEY = 'x'.repeat(32);

/** What a mapping is compiled for. */
export interface CompileContext {
  readonly mapping: MappingDefinition;
  readonly source: TableDefinition;
  /** Opens the key of a masking step: a reference or a sealed secret. Throws a SyncError of class configuration. */
  readonly openKey: (key: string) => string;
}
