export type * from './bus.ts';
export { openBus } from './open-bus.ts';
export { decodeRawProcess, RawProcessEncoder } from './wire/raw-process-v1.ts';
export { decodeRowProcess, RowProcessEncoder } from './wire/row-process-v1.ts';
