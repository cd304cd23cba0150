export { createRowsDecoder } from './decode-rows.ts';
export type { AfterImages, DecodedEvent, DecodedRow, RowsDecoder, RowSink } from './decode-rows.ts';
export { tableIdOf, tableNameOf } from '../schema/table-map.ts';
export { TableShapes } from './table-shapes.ts';
export type { TableShape, TableShapesOptions } from './table-shapes.ts';
export { textDecoderOf } from './charsets.ts';
export { charsetEncoderOf } from './encode-text.ts';
export type { CharsetEncoder } from './encode-text.ts';
