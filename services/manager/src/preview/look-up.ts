import { lookupName, TableLookups } from '@lutra/mapping';
import type { CompiledLookup, LookupAnswer, LookupKey } from '@lutra/mapping';
import { compileMappings, must, SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition, LookupRule, MappingDefinition, TableDefinition } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { findRows, openReading, readSourceTable } from '@lutra/source-access';
import type { SourceSession } from '@lutra/source-access';
import { answerName, NOTHING_LOOKED_UP } from './looked-up.ts';
import type { LookedUp } from './looked-up.ts';
import { changeOf } from './source-row.ts';
import type { SourceRow } from './source-row.ts';

/** A person waits for the answer. */
const TIMEOUT_MS = 4_000;

interface LookUpParts {
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** The data source of a look-up. */
  readonly sourceOf: (rule: LookupRule) => DataSourceDefinition;
}

/** Reads what the look-ups of the mappings find for the rows now. Throws what the data sources throw. */
export async function lookUp(
  mappings: readonly MappingDefinition[],
  rows: readonly SourceRow[],
  parts: LookUpParts,
): Promise<LookedUp> {
  if (!mappings.some(({ rules }) => (rules?.lookups ?? []).length > 0)) return NOTHING_LOOKED_UP;
  const reading = new Reading(parts);
  try {
    for (const mapping of mappings) await reading.read(mapping, rows);
    // Nothing but what goes to the thread.
    return { tables: reading.tables, answers: reading.answers };
  } finally {
    reading.close();
  }
}

/** One session for each data source. */
class Reading implements LookedUp {
  readonly tables = new Map<string, TableDefinition | null>();
  readonly answers = new Map<string, LookupAnswer>();
  private readonly sessions = new Map<string, SourceSession>();

  constructor(private readonly parts: LookUpParts) {}

  async read(mapping: MappingDefinition, rows: readonly SourceRow[]): Promise<void> {
    for (const rule of mapping.rules?.lookups ?? []) {
      const name = lookupName(rule);
      if (!this.tables.has(name)) this.tables.set(name, await readSourceTable(await this.sessionOf(rule), rule));
    }
    const matcher = compileMappings([mapping], { isCaseFolded: true });
    for (const table of new Set(rows.map((row) => row.table))) {
      if (matcher.targetsOf(table.schema, table.table).length === 0) continue;
      const asking = rows.filter((row) => row.table === table);
      await this.compiled(mapping, table)?.resolve(
        asking.map((row) => ({ change: changeOf(row), facts: { ...row, pipelineId: '' } })),
        { read: (lookup, keys) => this.find(mapping.id, lookup, keys) },
      );
    }
  }

  close(): void {
    for (const session of this.sessions.values()) session.close();
  }

  /** Null: what does not fit is told where the mapping is compiled as a whole. */
  private compiled(mapping: MappingDefinition, source: TableDefinition): TableLookups | null {
    const lookupTable = (rule: LookupRule): TableDefinition | null => this.tables.get(lookupName(rule)) ?? null;
    try {
      return TableLookups.of({ mapping, source, openKey: (key) => key, lookupTable });
    } catch (error) {
      if (SyncError.is(error) && error.class === 'configuration') return null;
      throw error;
    }
  }

  private async find(
    mappingId: string,
    lookup: CompiledLookup,
    keys: readonly LookupKey[],
  ): Promise<readonly LookupAnswer[]> {
    const question = { ...lookup, values: keys.map(({ values }) => values) };
    const session = await this.sessionOf(lookup.rule);
    const found = await findRows(session, question, { transactions: null, attempt: 1 });
    if (typeof found === 'string') {
      const { schema, table } = lookup.rule;
      const problem = `The table ${schema}.${table} was altered while it was read: ask again`;
      throw new SyncError('RESOURCE_CONFLICT', { problem });
    }
    for (const [index, key] of keys.entries())
      this.answers.set(answerName(mappingId, lookup, key), must(found[index], 'one answer for each key'));
    return found;
  }

  private async sessionOf(rule: LookupRule): Promise<SourceSession> {
    const { clock, secrets, sourceOf } = this.parts;
    const source = sourceOf(rule);
    let session = this.sessions.get(source.id);
    if (session === undefined) {
      session = await openReading(source, {
        ...{ clock, secrets: secrets.ofDataSource(source), serverUuid: null, timeoutMs: TIMEOUT_MS },
      });
      this.sessions.set(source.id, session);
    }
    return session;
  }
}
