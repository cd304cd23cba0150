// What tools/src/sim needs of this library beside its contract: a target in memory answers with the server's error numbers.
export { toSyncError } from './sql-failure.ts';
export type { TableName, TargetColumn, TargetTable, UniqueKey } from './target-table.ts';
