import type { RowImage, TableDefinition } from '@lutra/model';
import type { CompileContext } from './compile-context.ts';
import type { RowFacts } from './compiled-value.ts';

/** One target row that a source image stands for. */
export interface ImageRow {
  /** What two images' rows are the same row by: the table, and of an exploded row its element. */
  readonly identity: string;
  readonly target: number;
  readonly image: RowImage;
}

/** The rules that decide which target rows an image stands for: filter, explode, route. */
export interface ImageRows {
  readonly targets: readonly TableDefinition[];
  /** Positions in the source's columns. */
  readonly reads: readonly number[];
  /** `mapped`: the image with its columns mapped. Throws a SyncError of class poison. */
  rowsOf(image: RowImage, mapped: RowImage, facts: RowFacts): readonly ImageRow[];
}

/** Null when a mapping has no such rule: each image stands for one row of one table. */
export function compileImageRows({ mapping }: CompileContext, _target: TableDefinition): ImageRows | null {
  if (mapping.rules?.rows === undefined && mapping.rules?.route === undefined) return null;
  throw new Error('rules of rows come with their own commit');
}
