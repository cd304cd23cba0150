import type { RowChange, RowImage, TableDefinition } from '@lutra/model';
import { compileExplode } from './compile-explode.ts';
import type { CompiledExplode } from './compile-explode.ts';
import { compileFilter } from './compile-filter.ts';
import type { CompiledFilter } from './compile-filter.ts';
import type { CompileContext } from './compile-context.ts';
import type { RowFacts } from './compiled-value.ts';
import { withTexts } from './read-texts.ts';
import { requireCarried } from './require-carried.ts';
import { compileRoute } from './compile-route.ts';
import type { CompiledRoute } from './compile-route.ts';

/** One target row that a source image stands for; its columns are not mapped yet. */
export interface RowPlace {
  /** What rows of two images are the same row by: the table, and of an exploded row its element. */
  readonly identity: string;
  /** Which of the tables. */
  readonly target: number;
  /** The image, in the shape of {@link ImageRows.source}. */
  readonly image: RowImage;
}

export const NO_PLACES: readonly RowPlace[] = [];

/**
 * The rules that decide which target rows an image stands for, in this order: the filter, explode, the route. Law: the answer
 * depends on the image (and on what is known of its change, where the filter asks for that) alone. So at the target stand the
 * rows of the images that the filter accepts.
 */
export class ImageRows {
  /** The source's table, with the columns that explode adds: what columns are computed of. */
  readonly source: TableDefinition;
  /** Of the target, those of the route; null = the one of the mapping. */
  readonly tables: readonly string[] | null;
  private readonly filter: CompiledFilter | null;
  private readonly explode: CompiledExplode | null;
  private readonly route: CompiledRoute | null;
  /** The context with {@link ImageRows.source}. */
  private readonly exploded: CompileContext;

  private constructor(private readonly context: CompileContext) {
    const { mapping, source } = context;
    const { rows, route } = mapping.rules ?? {};
    this.filter = rows?.filter === undefined ? null : compileFilter(rows.filter, context);
    this.explode = rows?.explode === undefined ? null : compileExplode(rows.explode, context);
    this.source = this.explode?.source ?? source;
    this.exploded = { ...context, source: this.source };
    this.route = route === undefined ? null : compileRoute(route, this.exploded);
    this.tables = this.route?.tables ?? null;
  }

  /**
   * Null when a mapping has no such rule: each image stands for one row of one table. Throws MAPPING_COLUMN_UNKNOWN,
   * MAPPING_STEP_INVALID, MAPPING_EXPRESSION_INVALID.
   */
  static of(context: CompileContext): ImageRows | null {
    const { rows, route } = context.mapping.rules ?? {};
    return rows === undefined && route === undefined ? null : new ImageRows(context);
  }

  /** Whether one image may stand for several rows. */
  get isExploded(): boolean {
    return this.explode !== null;
  }

  /** Whether the filter asks for what tells of the change and not of the row. */
  get asksForChange(): boolean {
    return this.filter?.ofChange === true;
  }

  /** Positions in the source's own columns that are needed by these rules, and by columns that read `positions` of {@link ImageRows.source}. */
  readsOf(positions: readonly number[]): readonly number[] {
    const { explode, filter, route } = this;
    const read = [...positions, ...(route?.reads ?? [])];
    // An element is made of its column.
    const own = explode === null ? read : [...explode.reads, ...read.filter((at) => !explode.adds(at))];
    return [...(filter?.reads ?? []), ...own];
  }

  /** Whether explode makes the column of {@link ImageRows.source}. */
  adds(position: number): boolean {
    return this.explode?.adds(position) === true;
  }

  /**
   * In the order of the elements. `change`: the one that the image is of, for a filter that asks for both images; without one
   * it is of an insert. Throws ROW_IMAGE_PARTIAL, ROW_VALUE_INVALID, ROW_TOO_LARGE, ROW_ROUTE_UNKNOWN and what expressions throw.
   */
  placesOf(image: RowImage, facts: RowFacts, change?: RowChange): readonly RowPlace[] {
    if (this.filter?.accepts(image, facts, change) === false) return NO_PLACES;
    const { explode } = this;
    if (explode === null) {
      const target = this.targetOf(image, facts);
      return [{ identity: String(target), target, image }];
    }
    requireCarried(image, explode.reads, this.context);
    const places: RowPlace[] = [];
    for (const { identity, image: exploded } of explode.rowsOf(withTexts(image, explode.reads))) {
      const target = this.targetOf(exploded, facts);
      places.push({ identity: `${String(target)} ${identity}`, target, image: exploded });
    }
    return places;
  }

  private targetOf(image: RowImage, facts: RowFacts): number {
    const { route } = this;
    if (route === null) return 0;
    requireCarried(image, route.reads, this.exploded);
    return route.targetOf(withTexts(image, route.reads), facts);
  }
}
