import { extractChain, extractChanges, lookupName, Processors, TableMapping } from '@lutra/mapping';
import type { LookupReader, MappedChange, ProcessorChain } from '@lutra/mapping';
import { compileMappings, must, SyncError, systemClock } from '@lutra/model';
import type { LookupRule, MappingDefinition, RowChange, TableDefinition } from '@lutra/model';
import { PROCESSOR_MS_MAX } from '../mapping-rules/check-processors.ts';
import { NOTHING_LOOKED_UP, readerOf } from './looked-up.ts';
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
  /** Packages that mappings may use, comma-separated. */
  readonly processors: string;
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

/** A table with what maps its rows. */
interface FittedTable {
  readonly chain: ProcessorChain | null;
  readonly mappings: readonly { readonly id: string; readonly mapping: TableMapping }[];
}

/** The thread is ended when somebody loses patience. */
const NEVER = new AbortController().signal;

/** Maps row after row as extract and transform do, and tells of each when it is done: somebody may lose patience in between. */
export async function mapRows(job: MapJob, tell: (message: MapMessage) => void): Promise<void> {
  const { pipelineId, mappings, rows, lookedUp = NOTHING_LOOKED_UP } = job;
  const processors = new Processors({ allowed: job.processors, timeoutMs: PROCESSOR_MS_MAX, clock: systemClock });
  await processors.load();
  const fitted = new Map<TableDefinition, FittedTable>();
  const fits: Fit[] = [];
  for (const [number, table] of tablesOf(rows).entries()) {
    const { fitted: one, fits: told } = fit(mappings, { table, number, processors, lookedUp });
    fitted.set(table, one);
    fits.push(...told);
  }
  tell({ kind: 'fits', fits });
  for (const [index, row] of rows.entries()) {
    const results: MappedResult[] = [];
    const { chain, mappings: ofTable } = must(fitted.get(row.table), 'each table was fitted');
    const extracted = ofTable.length === 0 ? null : await extractedOf(chain, row);
    for (const { id, mapping } of ofTable)
      results.push({
        mappingId: id,
        ...(await mapped(mapping, { row, pipelineId, extracted, reader: readerOf(lookedUp, id) })),
      });
    tell({ kind: 'row', row: index, results });
  }
  tell({ kind: 'done' });
}

interface FitContext {
  readonly table: TableDefinition;
  readonly number: number;
  readonly processors: Processors;
  readonly lookedUp: LookedUp;
}

function fit(
  mappings: readonly MappingDefinition[],
  context: FitContext,
): { readonly fitted: FittedTable; readonly fits: readonly Fit[] } {
  const { table, number, processors } = context;
  const covering = mappings.filter(
    (mapping) => compileMappings([mapping]).targetsOf(table.schema, table.table).length > 0,
  );
  let chain: ProcessorChain | null;
  try {
    chain = extractChain(covering, table, processors);
  } catch (error) {
    const failed = covering.map(({ id }) => ({ mappingId: id, table: number, targets: [], error: toldOf(error) }));
    return { fitted: { chain: null, mappings: [] }, fits: failed };
  }
  const source = chain?.table ?? table;
  const compiled = covering.map((mapping) => compileFor(mapping, { ...context, table: source }));
  return {
    fitted: {
      chain,
      mappings: compiled.flatMap(({ id, mapping }) => (mapping === undefined ? [] : [{ id, mapping }])),
    },
    fits: compiled.flatMap((one) => one.fit ?? []),
  };
}

function compileFor(
  definition: MappingDefinition,
  { table, number, processors, lookedUp }: FitContext,
): { readonly id: string; readonly fit?: Fit; readonly mapping?: TableMapping } {
  const { id } = definition;
  const lookupTable = (rule: LookupRule): TableDefinition | null => lookedUp.tables.get(lookupName(rule)) ?? null;
  try {
    const context = { source: table, openKey: (key: string) => key, processors, lookupTable };
    const [mapping] = TableMapping.all(compileMappings([definition]), context);
    if (mapping === undefined) return { id };
    return { id, mapping, fit: { mappingId: id, table: number, targets: mapping.targets, error: null } };
  } catch (error) {
    return { id, fit: { mappingId: id, table: number, targets: [], error: toldOf(error) } };
  }
}

/** The change as extract hands it on: null when it drops it, an error when it would stop. */
async function extractedOf(chain: ProcessorChain | null, row: SourceRow): Promise<RowChange | null | ToldError> {
  const change = changeOf(row);
  if (chain === null) return change;
  try {
    return (await extractChanges(chain, [change], NEVER))[0] ?? null;
  } catch (error) {
    return toldOf(error);
  }
}

async function mapped(
  mapping: TableMapping,
  {
    row,
    pipelineId,
    extracted,
    reader,
  }: {
    readonly row: SourceRow;
    readonly pipelineId: string;
    readonly extracted: RowChange | null | ToldError;
    readonly reader: LookupReader;
  },
): Promise<Omit<MappedResult, 'mappingId'>> {
  if (extracted === null) return { changes: [], error: null, console: [] };
  if ('code' in extracted) return { changes: [], error: extracted, console: [] };
  const { gtid, commitMs, event } = row;
  const facts = { pipelineId, gtid, commitMs, event, row: row.row, kind: extracted.kind };
  try {
    const [one] = await mapping.mapAll([{ change: extracted, facts }], reader);
    const { changes, lines, refusal } = must(one, 'each row has its answer');
    return { changes: changes.map(plain), error: refusal === null ? null : toldOf(refusal), console: lines };
  } catch (error) {
    return { changes: [], error: toldOf(error), console: [] };
  }
}

/** Without what does not go from thread to thread. */
function plain(change: MappedChange): MappedChange {
  const { kind, target } = change;
  const asks = change.asks === undefined ? undefined : [...change.asks];
  switch (kind) {
    case 'insert':
      return { kind, target, after: [...change.after], asks };
    case 'update':
      return { kind, target, before: [...change.before], after: [...change.after], asks };
    case 'delete':
      return { kind, target, before: [...change.before] };
  }
}

function toldOf(error: unknown): ToldError {
  const { code, sentence, details } = SyncError.of(error);
  return {
    code,
    detail: sentence,
    details: JSON.parse(JSON.stringify(details)) as ToldError['details'],
  };
}
