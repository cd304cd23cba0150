export type { CompileContext } from './compile-context.ts';
export type { CompiledStep, CompiledValue, RowFacts } from './compiled-value.ts';
export type { MappedChange } from './mapped-change.ts';
export { TableMapping } from './table-mapping.ts';
