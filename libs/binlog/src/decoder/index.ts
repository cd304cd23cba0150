export { createRowsDecoder } from './decode-rows.ts';
export type { DecodedEvent, DecodedRow, RowsDecoder, TableCompleter } from './decode-rows.ts';
export { readSourceTable } from './read-source-table.ts';
export type { SourceQuery } from './read-source-table.ts';
export { tableIdOf, tableNameOf } from './table-map.ts';
export { TableShapes } from './table-shapes.ts';
export type { TableShape, TableShapesOptions } from './table-shapes.ts';
