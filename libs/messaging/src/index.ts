export type * from './bus.ts';
export { openBus } from './open-bus.ts';
export { removeNamespace } from './remove-namespace.ts';
export { decodeRawProcess, iterateRawProcess, RawProcessEncoder, transactionEnds } from './wire/raw-process-v1.ts';
export type { RawRecord } from './wire/raw-process-v1.ts';
export { decodeRowProcess, RowProcessEncoder, RowProcessReader } from './wire/row-process-v1.ts';
export type { RowRecordKind } from './wire/row-process-v1.ts';
export {
  decodeStatementProcess,
  encodeStatementBody,
  STATEMENT_SCHEMA,
  targetsOf,
} from './wire/statement-process-v1.ts';
