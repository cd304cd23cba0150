import { compileMappings, isReservedSchema, SyncError } from '@lutra/model';
import type { MappingDefinition, NamePattern, PipelineDefinition } from '@lutra/model';
import { isOneToOne } from './one-to-one.ts';
import { refuseMixedPolicies } from './policy-rules.ts';

/** A mapping with the pipeline that it belongs to. */
interface PlacedMapping {
  readonly mapping: MappingDefinition;
  readonly pipeline: PipelineDefinition;
  /** Among the mappings of its pipeline. */
  readonly position: number;
  readonly written: TargetPattern;
}

/** What all pipelines write, by place: each mapping is compared with those that it could meet, and not with thousands. */
export class MappingIndex {
  private readonly all = new Map<string, PlacedMapping[]>();
  private readonly named = new Map<string, PlacedMapping[]>();
  /** Whose names are not known, only what they look like. */
  private readonly unnamed = new Map<string, PlacedMapping[]>();

  constructor(definitions: readonly PipelineDefinition[]) {
    for (const one of definitions.flatMap(placed)) {
      const place = writtenPlace(one);
      add(this.all, place, one);
      if (one.written.kind === 'name') add(this.named, `${place} ${one.written.text}`, one);
      else add(this.unnamed, place, one);
    }
  }

  /** Who may write the table of that name in the schema at that address; without a name, any table there. */
  writersOf(place: string, name: string | null): readonly PlacedMapping[] {
    if (name === null) return this.all.get(place) ?? [];
    return [...(this.named.get(`${place} ${name}`) ?? []), ...(this.unnamed.get(place) ?? [])];
  }
}

/**
 * Refuses a definition that could not work, or that would not work together with the other pipelines: expressions that do
 * not compile, reserved schemas, two mappings into one target table, loops. `current` has the definitions of all pipelines;
 * this one's own among them count no further. Throws MAPPING_REGEX_INVALID, MAPPING_RESERVED_SCHEMA, MAPPING_POLICY_CONFLICT, MAPPING_TARGET_COLLISION, MAPPING_LOOP.
 */
export function checkDefinition(definition: PipelineDefinition, current: MappingIndex): void {
  compileMappings(definition.mappings);
  for (const mapping of definition.mappings) {
    refuseReserved(mapping);
    refuseMerging(mapping);
  }
  const own = new MappingIndex([definition]);
  for (const one of placed(definition)) {
    const { mapping, written, position } = one;
    refuseLoop(one, one);
    // Of its own mappings each pair is looked at once.
    const others = (place: string, name: string | null): readonly PlacedMapping[] => [
      ...own.writersOf(place, name).filter((other) => other.position > position),
      ...current.writersOf(place, name).filter(({ pipeline }) => pipeline.id !== definition.id),
    ];
    for (const other of others(writtenPlace(one), written.kind === 'name' ? written.text : null))
      refuseCollision(one, other);
    const read = mapping.source.table;
    for (const other of others(readPlace(one), 'exact' in read ? read.exact : null)) refuseLoop(one, other);
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
    targetPatterns(mapping).map((written) => ({ mapping, pipeline, position, written })),
  );

/** A schema at an address. */
const writtenPlace = ({ mapping, pipeline }: PlacedMapping): string =>
  JSON.stringify([addressOf(pipeline.target), mapping.target.schema]);
const readPlace = ({ mapping, pipeline }: PlacedMapping): string =>
  JSON.stringify([addressOf(pipeline.source), mapping.source.schema]);

function add(map: Map<string, PlacedMapping[]>, key: string, one: PlacedMapping): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [one]);
  else present.push(one);
}

function refuseReserved({ source, target }: MappingDefinition): void {
  const schema = [source.schema, target.schema].find(isReservedSchema);
  if (schema === undefined) return;
  throw new SyncError('MAPPING_RESERVED_SCHEMA', { problem: `The schema ${schema} cannot be mapped`, schema });
}

/** A family of tables may not fall together into one table: their keys would meet. Whether they do on a route, its rows say. */
function refuseMerging({ source, target, rules }: MappingDefinition): void {
  if ('exact' in source.table || target.table === undefined || rules?.route !== undefined) return;
  const { regex } = source.table;
  if (isOneToOne(regex, target.table)) return;
  throw new SyncError('MAPPING_TARGET_COLLISION', {
    problem: `Several tables that match ${regex} would be written into one table ${target.schema}.${target.table}, where their keys collide: use every group of the expression in the target's name, and no wildcard outside of groups`,
    regex,
    table: `${target.schema}.${target.table}`,
  });
}

function refuseCollision(one: PlacedMapping, other: PlacedMapping): void {
  const table = commonTarget(one.written, other.written);
  if (table === null) return;
  const target = `${one.mapping.target.schema}.${table}`;
  const where =
    one.pipeline.id === other.pipeline.id
      ? `two mappings of pipeline ${one.pipeline.name}`
      : `the pipelines ${one.pipeline.name} and ${other.pipeline.name}`;
  throw new SyncError('MAPPING_TARGET_COLLISION', {
    problem: `The target table ${target} is written by ${where}: equal keys of both would overwrite each other`,
    table: target,
    mappings: [one.mapping.id, other.mapping.id],
  });
}

/**
 * The target table that both mappings write, of one schema at one address, as far as names alone can tell; null when they write none together.
 * Names that come out of groups ($1) are compared as text only: whether two expressions ever give the same name is not decided here.
 */
function commonTarget(a: TargetPattern, b: TargetPattern): string | null {
  if (a.kind === 'template' || b.kind === 'template') return a.kind === b.kind && a.text === b.text ? a.text : null;
  if (a.kind === 'name') {
    if (b.kind === 'name') return a.text === b.text ? a.text : null;
    return matches(b.text, a.text) ? a.text : null;
  }
  if (b.kind === 'name') return matches(a.text, b.text) ? b.text : null;
  return a.text === b.text ? a.text : null;
}

type TargetPattern =
  | { readonly kind: 'name'; readonly text: string }
  /** The source's own name, which matches the expression. */
  | { readonly kind: 'regex'; readonly text: string }
  | { readonly kind: 'template'; readonly text: string };

function targetPatterns({ source, target, rules }: MappingDefinition): readonly TargetPattern[] {
  return rules?.route?.tables.map((text) => ({ kind: 'name', text })) ?? [targetPattern({ source, target })];
}

function targetPattern({ source, target }: Pick<MappingDefinition, 'source' | 'target'>): TargetPattern {
  if ('exact' in source.table) return { kind: 'name', text: target.table ?? source.table.exact };
  if (target.table === undefined) return { kind: 'regex', text: source.table.regex };
  return { kind: /\$[1-9]/.test(target.table) ? 'template' : 'name', text: target.table };
}

/**
 * What one mapping writes may not be read by the other and written back: without marks Lutra would copy its own changes
 * for ever. A mapping compared with itself is the smallest such circle.
 */
function refuseLoop(one: PlacedMapping, other: PlacedMapping): void {
  if (!feeds(one, other) || !feeds(other, one)) return;
  const { schema } = one.mapping.source;
  throw new SyncError('MAPPING_LOOP', {
    problem:
      one.mapping.id === other.mapping.id
        ? `A mapping of pipeline ${one.pipeline.name} writes the table in schema ${schema} that it reads`
        : `Rows of schema ${schema} would go round between pipeline ${one.pipeline.name} and pipeline ${other.pipeline.name}`,
    mappings: [one.mapping.id, other.mapping.id],
  });
}

function feeds(writer: PlacedMapping, reader: PlacedMapping): boolean {
  return (
    addressOf(writer.pipeline.target) === addressOf(reader.pipeline.source) &&
    writer.mapping.target.schema === reader.mapping.source.schema &&
    maybeReads(writer.written, reader.mapping.source.table)
  );
}

/** False only when names prove that the table is another one. */
function maybeReads(written: TargetPattern, read: NamePattern): boolean {
  if (written.kind === 'template') return true;
  if (written.kind === 'name') return 'exact' in read ? written.text === read.exact : matches(read.regex, written.text);
  return 'exact' in read ? matches(written.text, read.exact) : true;
}

const matches = (regex: string, name: string): boolean => new RegExp(`^(?:${regex})$`, 'u').test(name);

/** Two data sources with one address are one database. */
const addressOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host.toLowerCase()}:${String(port)}`;
