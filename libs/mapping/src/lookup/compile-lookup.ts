import { columnIndex, SyncError } from '@lutra/model';
import type { ColumnKind, ColumnValue, LookupRule, RowImage, TableDefinition } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledValue, RowFacts } from '../compiled-value.ts';
import { compileExpressionValue } from '../expression/compile-expression.ts';

/** The values of a key in the order of the rule, none of them null, and a text that is equal for equal keys. */
export interface LookupKey {
  readonly text: string;
  readonly values: readonly KeyValue[];
}

type KeyValue = Exclude<ColumnValue, null>;

/** A look-up of a mapping, with the other table as it stands. */
export interface CompiledLookup {
  readonly rule: LookupRule;
  readonly table: TableDefinition;
  /** In the order of the rule's key: the column as its position in the table, and of which kind the values are that it is compared with. */
  readonly key: readonly { readonly column: number; readonly valueKind: ColumnKind }[];
  /** Positions of the rule's columns in the table. */
  readonly columns: readonly number[];
  /** Positions in the source's columns that the key is made of. */
  readonly reads: readonly number[];
  /**
   * null = a part of it is null, which no row can have; undefined = the image does not carry what it is made of. Throws a
   * SyncError of class poison.
   */
  keyOf(image: RowImage, facts: RowFacts): LookupKey | null | undefined;
}

/** What can be compared without one side becoming something else; null = finds no row reliably. */
const COMPARED_AS: Readonly<Record<ColumnKind, string | null>> = {
  ...{ integer: 'a number', decimal: 'a number', year: 'a number', bit: 'a number' },
  ...{ text: 'a text', enum: 'a text', set: 'a text', binary: 'bytes' },
  ...{ date: 'a date', time: 'a time', datetime: 'a datetime', timestamp: 'a timestamp' },
  ...{ float: null, double: null, json: null, geometry: null },
};

/** Throws MAPPING_LOOKUP_INVALID, MAPPING_EXPRESSION_INVALID. */
export function compileLookup(rule: LookupRule, context: CompileContext): CompiledLookup {
  const table = context.lookupTable?.(rule) ?? null;
  if (table === null)
    throw invalid(rule, context, `there is no table ${rule.schema}.${rule.table} that the user may see`);
  const parts = rule.key.map((part, index) => compilePart(part, { rule, table, context, index }));
  return {
    ...{ rule, table },
    key: parts.map(({ column, value }) => ({ column, valueKind: value.column.kind })),
    columns: rule.columns.map((name) => positionIn(table, name, { rule, context })),
    reads: [...new Set(parts.flatMap(({ value }) => value.reads))],
    keyOf: (image, facts) => {
      const values: KeyValue[] = [];
      let isNull = false;
      for (const { value } of parts) {
        const found = value.valueOf(image, facts);
        if (found === undefined) return undefined;
        if (found === null) isNull = true;
        else values.push(found);
      }
      return isNull ? null : { text: textOf(values), values };
    },
  };
}

/** A part of the key: the column of the other table, and the value of the row that it is to have. */
function compilePart(
  part: LookupRule['key'][number],
  { rule, table, context, index }: PartPlace,
): { readonly column: number; readonly value: CompiledValue } {
  const column = positionIn(table, part.column, { rule, context });
  const name = `rules.lookups.${rule.name}.key.${String(index)}`;
  const value = compileExpressionValue(part.expression, { source: context.source, name, mapping: context.mapping.id });
  if (value.column.ofChange === true)
    throw invalid(rule, context, `its key asks for the change (kind, GTID or commit time), and not for the row`);
  const theirs = table.columns[column];
  const wanted = theirs === undefined ? null : COMPARED_AS[theirs.kind];
  const given = COMPARED_AS[value.column.kind];
  if (wanted === null || given === null || wanted !== given) {
    const declared = theirs?.declared ?? '';
    const why = `its key compares column ${part.column} (${declared}) with an expression of type ${value.column.declared}`;
    const advice = wanted === null ? 'no row is found reliably by such a column' : `the expression has to be ${wanted}`;
    throw invalid(rule, context, `${why}: ${advice}`);
  }
  return { column, value };
}

interface PartPlace {
  readonly rule: LookupRule;
  readonly table: TableDefinition;
  readonly context: CompileContext;
  readonly index: number;
}

function positionIn(
  { schema, table, columns }: TableDefinition,
  name: string,
  { rule, context }: { readonly rule: LookupRule; readonly context: CompileContext },
): number {
  const position = columnIndex(columns, name);
  if (position >= 0) return position;
  throw invalid(rule, context, `${schema}.${table} has no column ${name}`);
}

/** Throws MAPPING_LOOKUP_INVALID with the names of mapping and look-up. */
export function invalid({ name }: LookupRule, { mapping }: Pick<CompileContext, 'mapping'>, why: string): SyncError {
  const problem = `Look-up ${name} of mapping ${mapping.id}: ${why}`;
  return new SyncError('MAPPING_LOOKUP_INVALID', { problem, mapping: mapping.id, lookup: name });
}

function textOf(values: readonly KeyValue[]): string {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return partText(only);
  return JSON.stringify(values.map(partText));
}

const partText = (value: KeyValue): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
