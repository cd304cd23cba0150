import { compileMappings, isReservedSchema, SyncError } from '@lutra/model';
import type { MappingDefinition, PipelineDefinition } from '@lutra/model';
import { commonName, maybeReads, maybeShareTable, writtenTables } from './name-overlap.ts';
import type { WrittenTable } from './name-overlap.ts';
import { refuseMixedPolicies } from './policy-rules.ts';

/** A mapping with the pipeline that it belongs to. */
interface PlacedMapping {
  readonly mapping: MappingDefinition;
  readonly pipeline: PipelineDefinition;
  /** Among the mappings of its pipeline. */
  readonly position: number;
  readonly written: WrittenTable;
}

/** Tables at an address: those of one schema or of any, of one name or any. Null: any. */
interface Place {
  readonly address: string;
  readonly schema: string | null;
  readonly table: string | null;
}

/** What all pipelines write, by place: each mapping is compared with those that it could meet, and not with thousands. */
export class MappingIndex {
  /** By address alone, by address and schema, by both and the table. */
  private readonly all = new Map<string, PlacedMapping[]>();
  private readonly inSchema = new Map<string, PlacedMapping[]>();
  private readonly named = new Map<string, PlacedMapping[]>();
  /** Of a schema that is named, into tables whose names are not known, only what they look like. */
  private readonly unnamed = new Map<string, PlacedMapping[]>();
  /** By address: not even the schema is named. */
  private readonly open = new Map<string, PlacedMapping[]>();

  constructor(definitions: readonly PipelineDefinition[]) {
    for (const one of definitions.flatMap(placed)) {
      const { schema, table } = one.written;
      const address = addressOf(one.pipeline.target);
      add(this.all, address, one);
      if (schema.kind !== 'name') {
        add(this.open, address, one);
        continue;
      }
      const place = keyOf(address, schema.text);
      add(this.inSchema, place, one);
      if (table.kind === 'name') add(this.named, keyOf(place, table.text), one);
      else add(this.unnamed, place, one);
    }
  }

  /** Who may write there. */
  writersOf({ address, schema, table }: Place): readonly PlacedMapping[] {
    if (schema === null) return this.all.get(address) ?? [];
    const place = keyOf(address, schema);
    const open = this.open.get(address) ?? [];
    if (table === null) return [...(this.inSchema.get(place) ?? []), ...open];
    return [...(this.named.get(keyOf(place, table)) ?? []), ...(this.unnamed.get(place) ?? []), ...open];
  }
}

/**
 * Refuses a definition that could not work, or that would not work together with the other pipelines: expressions that do not
 * compile, reserved schemas, one source table that two mappings bring into one target table, two pipelines into one target
 * table, loops. `current` has the definitions of all pipelines; this one's own among them count no further. Throws
 * MAPPING_REGEX_INVALID, MAPPING_RESERVED_SCHEMA, MAPPING_POLICY_CONFLICT, MAPPING_TARGET_COLLISION, MAPPING_LOOP.
 */
export function checkDefinition(definition: PipelineDefinition, current: MappingIndex): void {
  compileMappings(definition.mappings);
  for (const mapping of definition.mappings) refuseReserved(mapping);
  const own = new MappingIndex([definition]);
  for (const one of placed(definition)) {
    const { position } = one;
    refuseLoop(one, one);
    // Of its own mappings each pair is looked at once.
    const others = (place: Place): readonly PlacedMapping[] => [
      ...own.writersOf(place).filter((other) => other.position > position),
      ...current.writersOf(place).filter(({ pipeline }) => pipeline.id !== definition.id),
    ];
    for (const other of others(writtenPlace(one))) refuseCollision(one, other);
    for (const other of others(readPlace(one))) refuseLoop(one, other);
  }
  refuseMixedPolicies(definition);
}

/** True when what {@link checkDefinition} looks at is another: a new password or another batch size moves no table. */
export function isMappedOtherwise(before: PipelineDefinition | undefined, after: PipelineDefinition): boolean {
  const looked = ({ source, target, mappings }: PipelineDefinition): string =>
    JSON.stringify([addressOf(source), addressOf(target), mappings]);
  return before === undefined || looked(before) !== looked(after);
}

/** Once for each table of a route, which is written like any other. */
const placed = (pipeline: PipelineDefinition): PlacedMapping[] =>
  pipeline.mappings.flatMap((mapping, position) =>
    writtenTables(mapping).map((written) => ({ mapping, pipeline, position, written })),
  );

const writtenPlace = ({ written: { schema, table }, pipeline }: PlacedMapping): Place => ({
  address: addressOf(pipeline.target),
  schema: schema.kind === 'name' ? schema.text : null,
  table: table.kind === 'name' ? table.text : null,
});

const readPlace = ({ mapping: { source }, pipeline }: PlacedMapping): Place => ({
  address: addressOf(pipeline.source),
  schema: typeof source.schema === 'string' ? source.schema : null,
  table: 'exact' in source.table ? source.table.exact : null,
});

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

function add(map: Map<string, PlacedMapping[]>, key: string, one: PlacedMapping): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [one]);
  else present.push(one);
}

function refuseReserved({ source, target }: MappingDefinition): void {
  const schema = [source.schema, target.schema].find((name) => typeof name === 'string' && isReservedSchema(name));
  if (typeof schema !== 'string') return;
  throw new SyncError('MAPPING_RESERVED_SCHEMA', { problem: `The schema ${schema} cannot be mapped`, schema });
}

/**
 * Several tables of a source may become one: whether their keys meet is seen when the tables are looked at (pre-check). But one
 * table that two mappings bring into one table overwrites itself, and no pipeline may undo what another has written.
 */
function refuseCollision(one: PlacedMapping, other: PlacedMapping): void {
  const schema = commonName(one.written.schema, other.written.schema);
  const table = commonName(one.written.table, other.written.table);
  if (schema === null || table === null) return;
  const isOwn = one.pipeline.id === other.pipeline.id;
  if (isOwn && !maybeShareTable(one.mapping.source, other.mapping.source)) return;
  const target = `${schema}.${table}`;
  const where = isOwn
    ? `two mappings of pipeline ${one.pipeline.name}, which read the same table`
    : `the pipelines ${one.pipeline.name} and ${other.pipeline.name}`;
  throw new SyncError('MAPPING_TARGET_COLLISION', {
    problem: `The target table ${target} is written by ${where}: equal keys of both would overwrite each other`,
    table: target,
    mappings: [one.mapping.id, other.mapping.id],
  });
}

/**
 * What one mapping writes may not be read by the other and written back: without marks Lutra would copy its own changes
 * for ever. A mapping compared with itself is the smallest such circle.
 */
function refuseLoop(one: PlacedMapping, other: PlacedMapping): void {
  if (!feeds(one, other) || !feeds(other, one)) return;
  const { source } = one.mapping;
  const schema = typeof source.schema === 'string' ? source.schema : `/${source.schema.regex}/`;
  throw new SyncError('MAPPING_LOOP', {
    problem:
      one.mapping.id === other.mapping.id
        ? `A mapping of pipeline ${one.pipeline.name} writes the table in schema ${schema} that it reads`
        : `Rows of schema ${schema} would go round between pipeline ${one.pipeline.name} and pipeline ${other.pipeline.name}`,
    mappings: [one.mapping.id, other.mapping.id],
  });
}

function feeds(writer: PlacedMapping, reader: PlacedMapping): boolean {
  const { source } = reader.mapping;
  return (
    addressOf(writer.pipeline.target) === addressOf(reader.pipeline.source) &&
    maybeReads(writer.written.schema, source.schema) &&
    maybeReads(writer.written.table, source.table)
  );
}

/** Two data sources with one address are one database. */
const addressOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host.toLowerCase()}:${String(port)}`;
