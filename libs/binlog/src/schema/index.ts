// What a table looks like, and how that is known: for select, which completes table maps, and for the decoder.
export { describeDefined, describeStored } from './complete-table.ts';
export { attachDefinition, readLoggedTable } from './logged-table.ts';
export type { LoggedTable } from './logged-table.ts';
export { isTableDefinition } from './is-table-definition.ts';
export { readSourceTable } from './read-source-table.ts';
export type { SourceQuery } from './read-source-table.ts';
export { tableIdOf, tableNameOf } from './table-map.ts';
