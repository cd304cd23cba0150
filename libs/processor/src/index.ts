export {
  changed,
  defineProcessor,
  DROPPED,
  PROCESSOR_INTERFACE,
  refused,
  RetryLater,
  UNCHANGED,
} from './define-processor.ts';
export type {
  Processor,
  ProcessorAnswer,
  ProcessorColumn,
  ProcessorContext,
  ProcessorDefinition,
  ProcessorRow,
  ProcessorTable,
  ProcessorValue,
} from './define-processor.ts';
