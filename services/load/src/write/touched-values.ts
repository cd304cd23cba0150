import type { RowChange } from '@lutra/model';
import type { TableWriter, TargetTable } from '@lutra/sql';
import { hidesValues } from '../plan/refused-row.ts';

/** A form of its own: some value that the change touches cannot be told, so it may be any of the table's. */
export const EVERYTHING = '*';

/** What a change touches in the unique indexes of its table, before and after. */
export interface Touched {
  /** What the values were made for; null = the table is not there. */
  readonly target: TargetTable | null;
  /** The columns and kinds that the values were made of: values of two forms cannot be compared. */
  readonly form: string;
  /** Each as text of index, by its columns, and value. */
  readonly values: readonly string[];
}

/** Of a change of which nothing can be told. */
export const everythingOf = (target: TargetTable | null): Touched => ({
  target,
  form: EVERYTHING,
  values: [EVERYTHING],
});

export function touchedValues(writer: TableWriter, change: RowChange): Touched {
  const { identities, target } = writer;
  if (identities === null || hidesValues(writer, change)) return everythingOf(target);
  const { form, names } = formOf(writer);
  const before = change.kind === 'insert' ? undefined : change.before;
  const after = change.kind === 'delete' ? undefined : change.after;
  const values = new Set<string>();
  for (const [index, unique] of [identities.key, ...identities.others].entries()) {
    // An update that does not carry the columns leaves the value of a secondary index as it is.
    const isKept =
      before !== undefined &&
      after !== undefined &&
      unique.columns.every(({ position }) => after[position] === undefined);
    if (index > 0 && isKept) continue;
    for (const image of [before, after]) {
      const identity = image === undefined ? undefined : unique.of(image, before);
      if (identity === null) return everythingOf(target);
      if (identity !== undefined) values.add(`${names[index] ?? ''}:${String(identity)}`);
    }
  }
  return { target, form, values: [...values] };
}

const forms = new WeakMap<TableWriter, { readonly form: string; readonly names: readonly string[] }>();

/** The indexes by their columns: their number says nothing once another one has come or gone. */
function formOf(writer: TableWriter): { readonly form: string; readonly names: readonly string[] } {
  const known = forms.get(writer);
  if (known !== undefined) return known;
  const { identities } = writer;
  const indexes = identities === null ? [] : [identities.key, ...identities.others];
  const names = indexes.map(({ columns }) => columns.map(({ name }) => name.toLowerCase()).join(','));
  const kinds = indexes.map(({ columns }) => columns.map(({ definition }) => definition.kind).join(','));
  const made = { form: JSON.stringify([names, kinds]), names };
  forms.set(writer, made);
  return made;
}
