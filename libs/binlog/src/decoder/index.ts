export { createRowsDecoder } from './decode-rows.ts';
export type { DecodedEvent, DecodedRow, RowsDecoder, RowSink } from './decode-rows.ts';
export { tableIdOf, tableNameOf } from '../schema/table-map.ts';
export { TableShapes } from './table-shapes.ts';
export type { TableShape, TableShapesOptions } from './table-shapes.ts';
