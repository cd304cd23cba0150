import type { MappingDefinition, TableDefinition } from '@lutra/model';

/** What a mapping is compiled for. */
export interface CompileContext {
  readonly mapping: MappingDefinition;
  readonly source: TableDefinition;
  /** Opens the key of a masking step: a reference or a sealed secret. Throws a SyncError of class configuration. */
  readonly openKey: (key: string) => string;
}
