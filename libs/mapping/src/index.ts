export type { CompileContext } from './compile-context.ts';
export type { CompiledStep, CompiledValue, RowFacts } from './compiled-value.ts';
export type { MappedChange } from './mapped-change.ts';
export { checkScript } from './script/check-script.ts';
export type { ScriptProblem } from './script/check-script.ts';
export { TableMapping } from './table-mapping.ts';
export type { MappedRow, SourceRow } from './table-mapping.ts';
