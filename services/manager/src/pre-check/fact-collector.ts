import { lookupName } from '@lutra/mapping';
import type { Processors } from '@lutra/mapping';
import { completeParameters, SyncError } from '@lutra/model';
import type { Clock, CursorState, PipelineDefinition } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { TargetSession, TargetTable } from '@lutra/sql';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import { findResource } from '../http/find-resource.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import type { PreviewService } from '../preview/preview.service.ts';
import type { LookupFacts } from './judge-lookups.ts';
import type { BusFacts, Looked, PreCheckFacts, ServerFacts, StartFacts, TableFacts } from './pre-check-facts.ts';
import { readServer } from './read-server.ts';
import { nextPlaceOf, readStart } from './read-start.ts';
import { readSourceTables, readTargetTables } from './read-tables.ts';
import type { SourceTables } from './read-tables.ts';

/** Rows of the source's log that the mappings are tried with. */
const TRIED_ROWS = 100;
/** A larger process travels in parts beside the queue. */
const INLINE_BYTES_MAX = 512 * 1024;

interface SourceFacts {
  readonly server: ServerFacts;
  readonly tables: Looked<SourceTables>;
  readonly start: StartFacts | null;
}

/** Reads what a pre-check judges: on short sessions with a limit in time, both servers at once. */
export class FactCollector {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly door: TargetDoor;
      readonly bus: Bus;
      readonly clock: Clock;
      readonly processors: Processors;
      readonly previews: Pick<PreviewService, 'tryNewest'>;
    },
  ) {}

  /** What cannot be read is a fact too. Throws RESOURCE_NOT_FOUND and what the store throws. */
  async collect(pipelineId: string, { triesRows }: { readonly triesRows: boolean }): Promise<PreCheckFacts | null> {
    const { store, clock, door } = this.parts;
    const stored = await store.run(async (manager) => {
      const { sourceId, targetId, channelId } = await findResource(manager, PipelineEntity, pipelineId);
      const source = await findResource(manager, DataSourceEntity, sourceId);
      const target = await findResource(manager, DataSourceEntity, targetId);
      const siblings = await manager.find(PipelineEntity, { where: { channelId }, select: { id: true } });
      const definitions = await manager.find(DefinitionEntity, {
        where: siblings.map(({ id }) => ({ pipelineId: id, isRemoved: false })),
      });
      return { source, target, definitions: definitions.map(({ body, revision }) => ({ ...body, revision })) };
    });
    const found = stored.definitions.find(({ id }) => id === pipelineId);
    if (found === undefined) return null;
    const definition = { ...found, parameters: completeParameters(found.parameters) };
    const cursor = this.readCursor(pipelineId);
    const [source, target, bus, lookups, tried] = await Promise.all([
      this.firstAnswer(stored.source, async (session): Promise<SourceFacts> => {
        const server = await readServer(session, clock);
        const start = await readStartOf(session, { definition, server, cursor: await cursor });
        const isCaseFolded = Number(server.variables['lower_case_table_names'] ?? 0) !== 0;
        const tables = await lookedAt(readSourceTables(session, definition.mappings, { isCaseFolded }));
        return { server, start, tables };
      }),
      lookedAt(door.at(stored.target, (session) => readServer(session, clock))),
      this.readBus(),
      this.readLookups(definition),
      triesRows ? this.tryRows(definition) : null,
    ]);
    return {
      ...{ definition, target, bus, lookups, tried },
      source: 'failure' in source ? source : { value: source.value.server },
      start: 'failure' in source ? null : source.value.start,
      tables:
        'failure' in source || 'failure' in target
          ? NOTHING_READ
          : await this.readPairs(stored.target, source.value.tables),
      opposite: stored.definitions.filter((other) => writesBack(other, definition)),
    };
  }

  /** As select does: the first server of a group that answers. */
  private async firstAnswer<T>(
    entity: DataSourceEntity,
    work: (session: TargetSession) => Promise<T>,
  ): Promise<Looked<T>> {
    const { door } = this.parts;
    const first = await lookedAt(door.at(entity, work));
    if ('value' in first || first.failure.class !== 'retryable') return first;
    for (const address of entity.standbys ?? []) {
      const other = await lookedAt(door.at(Object.assign(new DataSourceEntity(), entity, address), work));
      if ('value' in other) return other;
    }
    return first;
  }

  /** The tables of all look-ups, each once, at their data sources. */
  private async readLookups({ source, mappings }: PipelineDefinition): Promise<LookupFacts> {
    const rules = new Map(mappings.flatMap((one) => one.rules?.lookups ?? []).map((rule) => [lookupName(rule), rule]));
    const facts = new Map<string, Looked<TargetTable | null>>();
    for (const [name, rule] of rules) {
      const id = rule.dataSourceId ?? source.id;
      const entity = await this.parts.store.run((manager) => findResource(manager, DataSourceEntity, id));
      facts.set(name, await this.firstAnswer(entity, (session) => session.describeTable(rule)));
    }
    return facts;
  }

  /** A mapping without rules refuses no row. */
  private async tryRows({ id, mappings }: PipelineDefinition): Promise<PreCheckFacts['tried']> {
    if (!mappings.some(({ rules }) => rules !== undefined)) return null;
    return lookedAt(this.parts.previews.tryNewest(id, TRIED_ROWS));
  }

  private async readPairs(target: DataSourceEntity, tables: Looked<SourceTables>): Promise<Looked<TableFacts>> {
    if ('failure' in tables) return tables;
    const { door, processors } = this.parts;
    await processors.load();
    return lookedAt(
      door.at(target, async (session) => ({ ...(await readTargetTables(session, tables.value)), processors })),
    );
  }

  /** Not asked while the bus is away: a call would wait ten seconds. */
  private async readCursor(pipelineId: string): Promise<CursorState | null | 'unknown'> {
    const { bus } = this.parts;
    if (!bus.isHealthy()) return 'unknown';
    const cursor = await lookedAt(bus.cursor(pipelineId));
    return 'failure' in cursor ? 'unknown' : cursor.value;
  }

  private async readBus(): Promise<Looked<BusFacts>> {
    const { bus, store } = this.parts;
    const pipelines = await store.read(PipelineEntity, (rows) => rows.find({ select: { id: true, parameters: true } }));
    const windows = pipelines.map(({ parameters }) => completeParameters(parameters));
    const sum = (sizes: readonly number[]): number => sizes.reduce((all, bytes) => all + bytes, 0);
    return lookedAt(
      bus.storageUse().then((storage) => ({
        storage,
        windowBytes: sum(windows.map(({ parallelism, maxBytes }) => parallelism * maxBytes)),
        queuedBytes: sum(
          windows.map(({ parallelism, maxBytes }) => parallelism * Math.min(maxBytes, INLINE_BYTES_MAX)),
        ),
      })),
    );
  }
}

/** What the account may not see of the log is told by its grants. */
async function readStartOf(
  session: TargetSession,
  of: { definition: PipelineDefinition; server: ServerFacts; cursor: CursorState | null | 'unknown' },
): Promise<StartFacts | null> {
  const { definition, server, cursor } = of;
  if (cursor === 'unknown') return null;
  const start = await lookedAt(readStart(session, () => nextPlaceOf(definition, cursor, server)));
  return 'failure' in start ? null : start.value;
}

/** Nobody looks at it: the servers' own failures are told instead. */
const NOTHING_READ: Looked<TableFacts> = { value: { pairs: [], idle: [], leftOut: 0 } };

async function lookedAt<T>(asking: Promise<T>): Promise<Looked<T>> {
  try {
    return { value: await asking };
  } catch (error) {
    return { failure: SyncError.of(error) };
  }
}

const addressOf = ({ host, port }: PipelineDefinition['source']): string => `${host.toLowerCase()}:${String(port)}`;

const writesBack = (other: PipelineDefinition, { id, source, target }: PipelineDefinition): boolean =>
  other.id !== id && addressOf(other.source) === addressOf(target) && addressOf(other.target) === addressOf(source);
