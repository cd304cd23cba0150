import { TableMapping } from '@lutra/mapping';
import type { LookupReader, MappedChange } from '@lutra/mapping';
import { compileMappings, must, SyncError } from '@lutra/model';
import type { LookupRule, MappingDefinition, TableDefinition } from '@lutra/model';
import { lookupName, NOTHING_LOOKED_UP, readerOf } from './looked-up.ts';
import type { LookedUp } from './looked-up.ts';
import { changeOf } from './source-row.ts';
import type { SourceRow } from './source-row.ts';

/** What the thread is given: masking keys stand in the definitions in clear. */
export interface MapJob {
  readonly pipelineId: string;
  readonly mappings: readonly MappingDefinition[];
  readonly rows: readonly SourceRow[];
  /** Absent = no mapping looks up. */
  readonly lookedUp?: LookedUp;
}

/** A SyncError as it comes out of a thread. */
export interface ToldError {
  readonly code: string;
  readonly detail: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A mapping against a table that it covers. */
export interface Fit {
  readonly mappingId: string;
  /** Which of the job's {@link tablesOf}: one table may stand there in several shapes. */
  readonly table: number;
  readonly targets: readonly TableDefinition[];
  /** Null = they fit. */
  readonly error: ToldError | null;
}

export interface MappedResult {
  readonly mappingId: string;
  readonly changes: readonly MappedChange[];
  /** Null = the row is mapped. */
  readonly error: ToldError | null;
  readonly console: readonly string[];
}

export type MapMessage =
  | { readonly kind: 'fits'; readonly fits: readonly Fit[] }
  | { readonly kind: 'row'; readonly row: number; readonly results: readonly MappedResult[] }
  | { readonly kind: 'done' };

/** The tables of rows, each shape once, in order. */
export const tablesOf = (rows: readonly SourceRow[]): readonly TableDefinition[] => [
  ...new Set(rows.map(({ table }) => table)),
];

/** Maps row after row as transform does, and tells of each when it is done: somebody may lose patience in between. */
export async function mapRows(
  { pipelineId, mappings, rows, lookedUp = NOTHING_LOOKED_UP }: MapJob,
  tell: (message: MapMessage) => void,
): Promise<void> {
  const fitted = new Map<TableDefinition, readonly { readonly id: string; readonly mapping: TableMapping }[]>();
  const fits: Fit[] = [];
  for (const [number, table] of tablesOf(rows).entries()) {
    const compiled = mappings.map((mapping) => compileFor(mapping, { source: table, table: number, lookedUp }));
    fits.push(...compiled.flatMap(({ fit }) => fit ?? []));
    fitted.set(
      table,
      compiled.flatMap(({ id, mapping }) => (mapping === undefined ? [] : [{ id, mapping }])),
    );
  }
  tell({ kind: 'fits', fits });
  for (const [index, row] of rows.entries()) {
    const results: MappedResult[] = [];
    for (const { id, mapping } of fitted.get(row.table) ?? [])
      results.push({ mappingId: id, ...(await mapped(mapping, row, { pipelineId, reader: readerOf(lookedUp, id) })) });
    tell({ kind: 'row', row: index, results });
  }
  tell({ kind: 'done' });
}

function compileFor(
  definition: MappingDefinition,
  {
    source,
    table,
    lookedUp,
  }: { readonly source: TableDefinition; readonly table: number; readonly lookedUp: LookedUp },
): { readonly id: string; readonly fit?: Fit; readonly mapping?: TableMapping } {
  const { id } = definition;
  const lookupTable = (rule: LookupRule): TableDefinition | null => lookedUp.tables.get(lookupName(rule)) ?? null;
  try {
    const [mapping] = TableMapping.all(compileMappings([definition]), { source, openKey: (key) => key, lookupTable });
    if (mapping === undefined) return { id };
    return { id, mapping, fit: { mappingId: id, table, targets: mapping.targets, error: null } };
  } catch (error) {
    return { id, fit: { mappingId: id, table, targets: [], error: toldOf(error) } };
  }
}

async function mapped(
  mapping: TableMapping,
  row: SourceRow,
  { pipelineId, reader }: { readonly pipelineId: string; readonly reader: LookupReader },
): Promise<Omit<MappedResult, 'mappingId'>> {
  const { gtid, commitMs, event, kind } = row;
  const facts = { pipelineId, gtid, commitMs, event, row: row.row, kind };
  try {
    const [one] = await mapping.mapAll([{ change: changeOf(row), facts }], reader);
    const { changes, lines, refusal } = must(one, 'each row has its answer');
    return { changes: changes.map(plain), error: refusal === null ? null : toldOf(refusal), console: lines };
  } catch (error) {
    return { changes: [], error: toldOf(error), console: [] };
  }
}

/** Without what does not go from thread to thread. */
function plain(change: MappedChange): MappedChange {
  const { kind, target } = change;
  switch (kind) {
    case 'insert':
      return { kind, target, after: [...change.after] };
    case 'update':
      return { kind, target, before: [...change.before], after: [...change.after] };
    case 'delete':
      return { kind, target, before: [...change.before] };
  }
}

function toldOf(error: unknown): ToldError {
  const { code, message, details } = SyncError.of(error);
  return {
    code,
    detail: message.slice(code.length + 2),
    details: JSON.parse(JSON.stringify(details)) as ToldError['details'],
  };
}
