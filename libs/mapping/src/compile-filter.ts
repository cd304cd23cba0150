import { must } from '@lutra/model';
import type { ColumnValue, RowChange, RowImage, TableDefinition } from '@lutra/model';
import type { CompileContext } from './compile-context.ts';
import type { RowFacts } from './compiled-value.ts';
import { compileCondition } from './expression/compile-condition.ts';
import { IMAGE_NAMES } from './expression/expression-scope.ts';
import { imagesOf } from './mapped-change.ts';
import type { ChangeImages } from './mapped-change.ts';
import { withTexts } from './read-texts.ts';
import { requireCarried } from './require-carried.ts';

/** Which images stand for rows. */
export interface CompiledFilter {
  /** Positions in the source's columns. */
  readonly reads: readonly number[];
  /** Asks for what tells of the change and not of the row: kind, GTID, commit time, `before.…`, `after.…`. */
  readonly ofChange: boolean;
  /** `change`: the one that the image is of; absent = it is of an insert. Throws ROW_IMAGE_PARTIAL, and what expressions throw. */
  accepts(image: RowImage, facts: RowFacts, change?: RowChange): boolean;
}

/**
 * A filter sees the columns of the image that it is asked of, and those of both images of the change as `before.x` and `after.x`:
 * of an image that there is not they are null. Throws MAPPING_EXPRESSION_INVALID.
 */
export function compileFilter(filter: string, context: CompileContext): CompiledFilter {
  const { mapping, source } = context;
  // Look-ups read the present and not the row as it was: they are no columns of an image.
  const own = source.columns.flatMap((_column, position) =>
    context.lookups?.adds(position) === true ? [] : [position],
  );
  const wide = withImageColumns(source, own);
  const place = { source: wide, mapping: mapping.id, field: 'rules.rows.filter', hasImages: true };
  const condition = compileCondition(filter, place);
  const { reads, ofChange } = condition;
  const wideContext = { ...context, source: wide };
  const { length } = source.columns;
  const looksAtImages = reads.some((position) => position >= length);
  const ownOf = (position: number): number =>
    position < length ? position : must(own[(position - length) % own.length], 'each image has these columns');
  return {
    reads: [...new Set(reads.map(ownOf))],
    ofChange: ofChange || looksAtImages,
    accepts: (given, facts, change) => {
      const image = looksAtImages ? wideImage(given, imagesOrNone(given, change), { length, own }) : given;
      requireCarried(image, reads, wideContext);
      return condition.isTrue(withTexts(image, reads), facts);
    },
  };
}

const imagesOrNone = (image: RowImage, change: RowChange | undefined): ChangeImages =>
  change === undefined ? { before: null, after: image } : imagesOf(change);

function withImageColumns(source: TableDefinition, own: readonly number[]): TableDefinition {
  const columnsOf = (image: string) =>
    own.map((position) => {
      const column = must(source.columns[position], 'a position is inside the table');
      return { ...column, name: `${image}.${column.name}`, nullable: true };
    });
  return { ...source, columns: [...source.columns, ...IMAGE_NAMES.flatMap(columnsOf)] };
}

function wideImage(
  image: RowImage,
  { before, after }: ChangeImages,
  { length, own }: { readonly length: number; readonly own: readonly number[] },
): RowImage {
  const wide = new Array<ColumnValue | undefined>(length + own.length * IMAGE_NAMES.length);
  for (let i = 0; i < length; i++) wide[i] = image[i];
  let next = length;
  for (const one of [before, after])
    for (const position of own) {
      wide[next] = one === null ? null : one[position];
      next += 1;
    }
  return wide;
}
