import { lookupName } from '@lutra/mapping';
import type { CompiledLookup, LookupAnswer, LookupKey, LookupReader } from '@lutra/mapping';
import { SyncError } from '@lutra/model';
import type { DataSourceDefinition, LookupRule, PipelineDefinition, TableDefinition } from '@lutra/model';
import { findRows, PatientAccess, readSourceTable } from '@lutra/source-access';
import type { PatientAccessParts, SourceSession } from '@lutra/source-access';
import { LookupCache } from './lookup-cache.ts';

/** The process that looks up. */
export interface LookingProcess {
  readonly definition: PipelineDefinition;
  /** Server that sent the events; null = any will do. */
  readonly serverUuid: string | null;
  readonly signal: AbortSignal;
}

export type LookupTables = (rule: LookupRule) => TableDefinition | null;

/**
 * Other tables for the look-ups of pipelines, at their sources and at other data sources. What fails in passing is repeated
 * for `retryInPlaceMs`; then SOURCE_UNREACHABLE and the like end the epoch, to be tried again by the arbiter: no row is ever
 * refused because a server is away. SOURCE_LOOKUP_CHANGED: {@link tablesOf} has to be asked again.
 */
export class Lookups {
  private readonly cache: LookupCache;

  private readonly sources: PatientAccess;

  constructor(parts: PatientAccessParts) {
    this.cache = new LookupCache(parts.clock);
    this.sources = new PatientAccess(parts);
  }

  /** The tables of all look-ups of the pipeline as they stand now. Throws MAPPING_LOOKUP_INVALID and what reading throws. */
  async tablesOf(process: LookingProcess): Promise<LookupTables> {
    const tables = new Map<string, TableDefinition | null>();
    for (const { rules } of process.definition.mappings)
      for (const rule of rules?.lookups ?? []) {
        const name = lookupName(rule);
        if (tables.has(name)) continue;
        const table = await this.atDataSource(process, rule, async (session) => ({
          value: await readSourceTable(session, rule),
        }));
        tables.set(name, table);
      }
    return (rule) => tables.get(lookupName(rule)) ?? null;
  }

  readerOf(process: LookingProcess): LookupReader {
    return {
      read: async (lookup, keys, transactions) => {
        const { rule } = lookup;
        const isOwn = isAtSource(rule, process.definition);
        const source = await this.sourceOf(process.definition, rule);
        // A row of the source may be missing now, and be there for the next rows that ask.
        const limits = { ttlMs: rule.ttlMs, rowsMax: rule.rowsMax, keepsMissing: !isOwn && rule.missing === 'null' };
        return this.cache.find(cacheName(lookup, source), keys, {
          limits,
          read: (missing) => this.read(process, { lookup, keys: missing, transactions: isOwn ? transactions : null }),
        });
      },
    };
  }

  private async read(process: LookingProcess, { lookup, keys, transactions }: Asked): Promise<readonly LookupAnswer[]> {
    const { rule, table } = lookup;
    return this.atDataSource(process, rule, async (session, attempt) => {
      const question = { ...lookup, values: keys.map(({ values }) => values) };
      const found = await findRows(session, question, { transactions, attempt });
      if (found === 'pending') return null;
      if (found !== 'changed') return { value: found };
      const name = `${table.schema}.${table.table}`;
      const problem = `The table ${name} of look-up ${rule.name} has been altered or dropped at ${session.address} while it was read`;
      throw new SyncError('SOURCE_LOOKUP_CHANGED', {
        problem,
        lookup: rule.name,
        table: name,
        address: session.address,
      });
    });
  }

  /** Null of `work`: transactions are not visible yet. */
  private async atDataSource<T>(
    { definition, serverUuid, signal }: LookingProcess,
    rule: LookupRule,
    work: (session: SourceSession, attempt: number) => Promise<{ readonly value: T } | null>,
  ): Promise<T> {
    const { id: dataSourceId } = await this.sourceOf(definition, rule);
    const where = { dataSourceId, serverUuid: isAtSource(rule, definition) ? serverUuid : null, signal };
    return (await this.sources.at(definition, where, work)).value;
  }

  private async sourceOf(
    definition: PipelineDefinition,
    { dataSourceId, name }: LookupRule,
  ): Promise<DataSourceDefinition> {
    const found = await this.sources.dataSource(definition, dataSourceId);
    if (found !== null) return found;
    const problem = `Look-up ${name} reads at the data source ${String(dataSourceId)}, which the pipeline does not have`;
    throw new SyncError('MAPPING_LOOKUP_INVALID', { problem, mapping: '', lookup: name });
  }
}

interface Asked {
  readonly lookup: CompiledLookup;
  readonly keys: readonly LookupKey[];
  /** Null: the data source knows nothing of them. */
  readonly transactions: readonly string[] | null;
}

const isAtSource = ({ dataSourceId }: LookupRule, { source }: PipelineDefinition): boolean =>
  dataSourceId === undefined || dataSourceId === source.id;

/** The same for all look-ups that read the same values in the same way. */
const cacheName = ({ table, key, columns }: CompiledLookup, { id, host, port }: DataSourceDefinition): string =>
  JSON.stringify([
    ...[id, host, port, table.schema, table.table],
    ...[key.map(({ column, valueKind }) => [table.columns[column], valueKind]), columns.map((at) => table.columns[at])],
  ]);
