export { labelsOf } from './changes-labels.ts';
export { changesSilently } from './changes-silently.ts';
export { checkTarget, inspectTarget, rightsFor } from './check-target.ts';
export type { TargetReport } from './check-target.ts';
export {
  claimCheckpoint,
  ensureCheckpointTable,
  insertOrigin,
  killRecordedSessions,
  killSessions,
  readCheckpoint,
} from './checkpoint.ts';
export type { CheckpointClaim, CheckpointRow, LaneMove } from './checkpoint.ts';
export {
  explainLostMove,
  moveStatement,
  questionOf,
  recordSession,
  relaneStatements,
  resolveCommit,
} from './checkpoint-move.ts';
export type { CheckpointMove, CommitQuestion, LaneStep, Relane } from './checkpoint-move.ts';
export {
  addConflictStatements,
  countConflicts,
  ensureConflictTable,
  listConflicts,
  readConflict,
  removeConflictsStatement,
} from './conflict-log.ts';
export type { ConflictFilter, NewConflict, RecordedConflict } from './conflict-log.ts';
export { defineTable } from './define-table.ts';
export { DEAD_LETTER_STATES, deadLetterId, ensureDeadLetterTable, UNSETTLED_STATES } from './dead-letter.ts';
export type { DeadLetter, DeadLetterAddress, DeadLetterError, DeadLetterState, NewDeadLetter } from './dead-letter.ts';
export {
  addDeadLetterStatements,
  followStatement,
  resolveStatement,
  retryFailedStatement,
  wantStatement,
} from './dead-letter-statements.ts';
export { checkingForeignKeys } from './checking-foreign-keys.ts';
export { describeWork, findBlocker } from './find-blocker.ts';
export type { FoundBlocker } from './find-blocker.ts';
export { ensureLaneShapeTable, readLaneShapes, storeLaneShapes } from './lane-shapes.ts';
export type { LaneShape } from './lane-shapes.ts';
export { ensureLastWindowTable, readLastWindow, rememberWindowStatement } from './last-window.ts';
export type { LastWindow, RowKey } from './last-window.ts';
export {
  countDeadLetters,
  countRepeats,
  listDeadLetters,
  removeSettledStatement,
  wantManyStatement,
} from './list-dead-letters.ts';
export type { DeadLetterFilter, DeadLetterSummary, ListPage } from './list-dead-letters.ts';
export { foreignKeyTable, foreignKeyTies, readForeignKeys } from './foreign-key-groups.ts';
export type { ForeignKeyEdge, ForeignKeyTie } from './foreign-key-groups.ts';
export type { Identity } from './key-identity.ts';
export { probeOracle } from './oracle/probe-oracle.ts';
export type { OracleAccess, OracleFacts } from './oracle/probe-oracle.ts';
export { openTarget } from './open-target.ts';
export type { OpenTargetOptions } from './open-target.ts';
export { errorValueColumns, errorValueStatement } from './enum-error-value.ts';
export { decideRepeatsStatement, findRepeated } from './repeated-letters.ts';
export { mappedChange, openColumns } from './mapped-letter.ts';
export { readDeadLetter, readDeadLetters, readUnsettled } from './read-dead-letters.ts';
export type { DeadLetterPage, UnsettledLetter } from './read-dead-letters.ts';
export { changedColumns, imageCharacters, literalCharacters } from './row-difference.ts';
export { comparableColumns, readRowDigests } from './row-digest.ts';
export { imageFromJson, imageToJson, valueFromJson, valueToJson } from './row-image-json.ts';
export type { JsonImage, JsonValue } from './row-image-json.ts';
export {
  deleteStatement,
  emptyGroupsStatement,
  insertRowsStatement,
  insertStatement,
  isComplete,
  isCompleteInsert,
  plainInsertStatement,
  updateJoinStatement,
  updateStatement,
} from './row-statement.ts';
export type { RowInsert } from './row-statement.ts';
export type { IndexIdentity, RowIdentities } from './row-identities.ts';
export { holdCheckpoint } from './hold-checkpoint.ts';
export { setPlace } from './set-place.ts';
export { lockExisting, lockRows, readHolder } from './read-rows.ts';
export { addDelta, compareValues, isStoredValue } from './stored-value.ts';
export { compileTableWriter, keyRefusal, keyValue } from './table-writer.ts';
export type { TableWriter, WriterOptions, WrittenColumn } from './table-writer.ts';
export { removePipelineRows } from './remove-pipeline-rows.ts';
export { SLICE_SAVEPOINT, undoSlice } from './slice-savepoint.ts';
export { stripLiterals } from './strip-literals.ts';
export {
  addColumnStatement,
  addPrimaryKeyStatement,
  createSchemaStatement,
  createTableStatement,
} from './table-statement.ts';
export { executedPlace, executedQuery, readExecuted } from './read-executed.ts';
export type { TargetInfo, TargetSession } from './target-session.ts';
export { mappedSchemas } from './mapped-schemas.ts';
export { tablesOfSchemas } from './tables-of-schemas.ts';
export { readReplicaState, readTargetLoad, readTargetReplicas } from './target-load.ts';
export type { ReplicaState, ReplicationIdentity, TargetLoad, TargetReplica, TargetReplicas } from './target-load.ts';
export { TargetCatalog } from './target-catalog.ts';
export type { TableName, TargetColumn, TargetTable, TargetTrigger, UniqueKey } from './target-table.ts';
export type { TargetStatement } from './target-statement.ts';
export { missingTableError } from './missing-table.ts';
export { alterParts, readAlterParts } from './ddl/alter-parts.ts';
export type { AlterPart } from './ddl/alter-parts.ts';
export {
  closeStatement,
  ensureDdlTable,
  forgetGhost,
  hasDdlTable,
  readGhosts,
  readIntents,
  readKept,
  readOpenSessions,
  recordStatement,
  withdrawStatement,
} from './ddl/ddl-log.ts';
export type { DdlIntent, DdlKey, DdlRecord, KeptStatement } from './ddl/ddl-log.ts';
export { readEvidence } from './ddl/definition-evidence.ts';
export type { TableEvidence } from './ddl/definition-evidence.ts';
export { keyLiteralWriter, quoteName, quoteNameText, quoteTable, quoteText } from './sql-text.ts';
