export { assertNever, must } from './assert.ts';
export { Bell } from './bell.ts';
export { ByteBudget } from './byte-budget.ts';
export { isChannelCommand, partOfChannelCommand } from './channel-command.ts';
export type { ChannelCommand } from './channel-command.ts';
export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { LOSS_POLICIES, ROW_FACTS } from './column-rule.ts';
export type {
  ColumnOrigin,
  ColumnRule,
  ColumnStep,
  LossPolicy,
  MaskingKey,
  RowFact,
  RuleValue,
} from './column-rule.ts';
export { compileFilled, compileSelection, madeColumns } from './column-selection.ts';
export { AMOUNT_KINDS, columnIndex } from './column.ts';
export type { AmountKind, ColumnDefinition, ColumnKind, ColumnValue, RowImage, TableDefinition } from './column.ts';
export { readColumnType } from './column-type.ts';
export type { ColumnType } from './column-type.ts';
export type {
  DataSourceDefinition,
  DataSourceSecrets,
  DatabaseKind,
  SealedSecret,
  ServerAddress,
} from './data-source.ts';
export { DDL_DECISIONS, DDL_KINDS, DDL_POLICIES } from './ddl.ts';
export type {
  DdlDecision,
  DdlKind,
  DdlPolicy,
  GhostStep,
  SourceStatement,
  StatementProcess,
  TableName,
  TargetDdl,
} from './ddl.ts';
export type { EncodedImage, ImageSink } from './encoded-image.ts';
export { EncodedText } from './encoded-text.ts';
export { plainChange } from './plain-change.ts';
export { isOfMapping, refusalError, rowRefusal } from './row-refusal.ts';
export type { RowRefusal } from './row-refusal.ts';
export type { ErrorClass, ErrorSpec } from './error-spec.ts';
export { ERRORS } from './errors.ts';
export type { ErrorCode } from './errors.ts';
export { intersectPlaces, isSamePlace, unionPlaces } from './combine-places.ts';
export { CONFLICT_DECISIONS, CONFLICT_TYPES } from './conflict.ts';
export { CONTROL_COLUMNS, CONTROL_SCHEMA, CONTROL_TABLES, controlTableOf } from './control-table.ts';
export type { ControlTable } from './control-table.ts';
export type { ConflictDecision, ConflictType } from './conflict.ts';
export type * from './events.ts';
export type { FailureReport } from './failure.ts';
export {
  compareFilePlaces,
  containsTransaction,
  coversDone,
  intersectDone,
  parseDone,
  parseMariadbGtid,
  parseMariadbGtidList,
  placeOfTransaction,
  unionDone,
} from './gtid-set.ts';
export type { DoneSet, MariadbGtid } from './gtid-set.ts';
export { describeProcess, SERVICES, STAGES } from './identity.ts';
export type { ProcessIdentity, ServiceName, Stage } from './identity.ts';
export { LOG_LEVELS } from './instance.ts';
export type {
  InstallationOrder,
  InstanceDescription,
  InstanceLoad,
  InstanceOrder,
  LeaseHolder,
  LogLevel,
} from './instance.ts';
export { readGhostTable } from './ghost-table.ts';
export type { GhostTable } from './ghost-table.ts';
export type { GroupQuestion, TakeGroupRow } from './group-question.ts';
export { linkSignals } from './link-signals.ts';
export { SENT_LEVELS } from './log-line.ts';
export type { LogLine, SentLevel } from './log-line.ts';
export { compileMappings } from './match-mapping.ts';
export type { MappedSchema, MappingMatcher, MappingTarget, SourceNames } from './match-mapping.ts';
export { compileMappingsInto, compileTargetLookup, compileTargetSchemas } from './match-target.ts';
export type { TargetMappingLookup, TargetSchemas } from './match-target.ts';
export { keepsTablesApart } from './one-to-one.ts';
export { rejectedWishText } from './resync-wish.ts';
export type { ResyncWish } from './resync-wish.ts';
export { whyNotGone } from './why-not-gone.ts';
export { MysqlGtidSet } from './mysql-gtid-set.ts';
export type { GtidInterval } from './mysql-gtid-set.ts';
export {
  blockersOf,
  EMPTY_FOLD,
  FOLD_FORM,
  foldPipeline,
  holdersOf,
  joinFolds,
  openProcesses,
} from './pipeline-fold.ts';
export type { FoldedCommand, OpenProcess, PipelineFold } from './pipeline-fold.ts';
export { COMMAND_KINDS } from './permit.ts';
export type { Command, CommandKind, Permit, PermitState, Seats } from './permit.ts';
export {
  APPLY_MODES,
  completeDefinition,
  completeParameters,
  CONSISTENCIES,
  DEFAULT_PARAMETERS,
  FAILBACKS,
  FAILOVER_MODES,
  FOREIGN_KEY_MODES,
  LANES_MAX,
  MADE_WITH,
  MISSING_COLUMN_POLICIES,
  NO_KEY_POLICIES,
  PARALLELISM_MAX,
  PLACEMENTS,
  PLAIN_CONFLICT_POLICIES,
  POISON_POLICIES,
  PRIORITIES,
  SCHEMA_EVOLUTION_POLICIES,
  SYNC_MODES,
} from './pipeline.ts';
export type {
  ApplyMode,
  ColumnMapping,
  ColumnSelection,
  ConflictPolicy,
  Consistency,
  Failback,
  FailoverMode,
  ForeignKeyMode,
  MappingDefinition,
  MappingRules,
  MissingColumnPolicy,
  NamePattern,
  NoKeyPolicy,
  PipelineDefinition,
  SkipDefinition,
  PipelineParameters,
  Placement,
  PoisonPolicy,
  Priority,
  SchemaEvolutionPolicy,
  SchemaPattern,
  StartDefinition,
  SyncMode,
} from './pipeline.ts';
export { conditionOf, PIPELINE_CONDITIONS } from './pipeline-condition.ts';
export type { ConditionFacts, PipelineCondition, RunbookSection } from './pipeline-condition.ts';
export type { DonePlace, InsidePlace, Place } from './place.ts';
export { REPAIRS, WRITES_ALL } from './process.ts';
export type {
  ProcessHeader,
  RawEvent,
  RawProcess,
  RawTransaction,
  RowChange,
  RowChangeBase,
  RowProcess,
  RowTransaction,
  StageTime,
  TargetProcess,
  TransactionHeader,
} from './process.ts';
export type { HistoryMark, KeptHistories, TableHistory, TableVersion } from './table-history.ts';
export { isReservedSchema } from './reserved-schema.ts';
export { changesColumn, isSameValue } from './same-value.ts';
export { keyIdOf, keyIds, openSecret, resealSecret, sealSecret } from './sealed-secret.ts';
export type {
  AggregateRule,
  Explode,
  LookupRule,
  ProcessorRule,
  Route,
  RowRules,
  ScriptRule,
  SoftDelete,
} from './row-rule.ts';
export { readSecretReference } from './secret-reference.ts';
export type { SecretReference } from './secret-reference.ts';
export {
  addFigures,
  completeCounts,
  COUNTED_KINDS,
  delayPercentile,
  figuresOf,
  isCounted,
  NO_COUNTS,
  NO_FIGURES,
  rowsOf,
  sumFigures,
} from './figures.ts';
export type { CountedEvent, DelayHistogram, Figures, StageFigures, StatisticCounts, TimedStage } from './figures.ts';
export { foldStatistics, NO_STATISTICS, readStatistics } from './statistics.ts';
export type { DryRunReport, StatisticReading, StatisticSlot, StatisticState } from './statistics.ts';
export { anchorOf, runbookOfCode } from './runbook-advice.ts';
export { WARNINGS } from './warnings.ts';
export type { WarningAdvice, WarningCode } from './warnings.ts';
export { reportFailure, SyncError } from './sync-error.ts';
export type { ErrorDetails } from './sync-error.ts';
export { LARGE_TEXT_BYTES_MIN } from './value-sink.ts';
export type { ValueSink } from './value-sink.ts';
export { withNewestLogin } from './with-newest-login.ts';
