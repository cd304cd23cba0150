import { columnGroups, neededColumns } from '@lutra/mapping';
import { compileMappings } from '@lutra/model';
import type { MappingDefinition, MappingMatcher, PipelineDefinition, TableDefinition } from '@lutra/model';

/** Which rows of a table are read again at the source, and what is taken of them. */
export interface RereadRule {
  /** Every row that is inserted or updated; otherwise those whose image lacks what is needed. */
  readonly isMedia: boolean;
  /** A change of a row that is gone is left out. */
  readonly skipNoRow: boolean;
  /** Positions of columns without which a row cannot be mapped. */
  readonly needed: readonly number[];
  /** Positions of columns of which all are to be there when one has changed. */
  readonly groups: readonly (readonly number[])[];
  /** Positions of what is read, in ascending order. */
  readonly columns: readonly number[];
}

/** The rules of one revision. */
export class RereadRules {
  readonly matcher: MappingMatcher;
  private readonly rules = new WeakMap<TableDefinition, { readonly rule: RereadRule | null }>();

  /** `isCaseFolded`: the source takes names in any case. */
  constructor(
    private readonly definition: PipelineDefinition,
    readonly isCaseFolded = false,
  ) {
    this.matcher = compileMappings(definition.mappings, { isCaseFolded });
  }

  /**
   * Null: rows of the table are never read again. Kept for each definition object. Throws what says that a mapping does not fit
   * the table: MAPPING_COLUMN_UNKNOWN, MAPPING_EXPRESSION_INVALID and the like.
   */
  of(table: TableDefinition): RereadRule | null {
    let known = this.rules.get(table);
    if (known === undefined) this.rules.set(table, (known = { rule: this.compile(table) }));
    return known.rule;
  }

  private compile(table: TableDefinition): RereadRule | null {
    const mappings = this.matcher.targetsOf(table.schema, table.table).map(({ mapping }) => mapping);
    const { consistency, skipNoRow } = this.definition.parameters;
    // What is added up is told by the images of each change, and by nothing that was read later.
    if (mappings.some(({ rules }) => rules?.aggregate !== undefined)) return null;
    const isMedia = consistency === 'media' && !mappings.some(movesAmounts);
    const needed = unique(mappings.flatMap((mapping) => neededColumns(mapping, table)));
    const groups = mappings.flatMap((mapping) => columnGroups(mapping, table));
    if (!isMedia && needed.length === 0 && groups.length === 0) return null;
    const columns = isMedia || skipNoRow ? [...table.columns.keys()] : unique([...needed, ...groups.flat()]);
    return { isMedia, skipNoRow, needed, groups, columns };
  }
}

const movesAmounts = ({ onConflict }: MappingDefinition): boolean =>
  onConflict?.kind === 'merge' && onConflict.deltaColumns.length > 0;

const unique = (positions: readonly number[]): readonly number[] => [...new Set(positions)].toSorted((a, b) => a - b);
