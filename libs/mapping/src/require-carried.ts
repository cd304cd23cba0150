import { must, SyncError } from '@lutra/model';
import type { RowImage } from '@lutra/model';
import type { CompileContext } from './compile-context.ts';

/**
 * Throws ROW_IMAGE_PARTIAL where the image leaves out a column without which nobody can say which rows it stands for, and what
 * a look-up throws that has not found its row.
 */
export function requireCarried(
  image: RowImage,
  positions: readonly number[],
  { mapping, source, lookups }: Pick<CompileContext, 'mapping' | 'source' | 'lookups'>,
): void {
  lookups?.requireFound(image, positions);
  for (const position of positions) {
    if (image[position] !== undefined) continue;
    const table = `${source.schema}.${source.table}`;
    const column = must(source.columns[position], 'a position is inside the table').name;
    const problem = `The rules of mapping ${mapping.id} need the column ${column} of ${table}, which an image of the row does not carry`;
    throw new SyncError('ROW_IMAGE_PARTIAL', { problem, mapping: mapping.id, table, column });
  }
}
