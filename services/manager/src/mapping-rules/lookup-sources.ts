import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SyncError } from '@lutra/model';
import type { LookupRule, MappingRules } from '@lutra/model';
import { whereVisible } from '../access/access.ts';
import type { VisibleIds } from '../access/access.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { fieldRefusal } from '../http/refuse-field.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';

/** A look-up as a request or a document gives it: a document names the data source. */
export interface GivenLookup extends LookupRule {
  readonly dataSource?: string;
}

interface WithLookups {
  readonly lookups?: readonly GivenLookup[];
}

/** Ids of the data sources that look-ups name, each once, in order. */
const lookupSourceIds = (rules: readonly (MappingRules | null | undefined)[]): readonly string[] => {
  const ids = rules.flatMap((one) => (one?.lookups ?? []).flatMap(({ dataSourceId }) => dataSourceId ?? []));
  return [...new Set(ids)].sort();
};

/**
 * Whether the data sources are there, can be read, and may be used: those that the caller sees, and those that the mapping
 * names already (`present`). Throws REQUEST_INVALID with the field.
 */
export async function requireLookupSources(
  manager: EntityManager,
  rules: WithLookups | null,
  { visible, present }: { readonly visible: VisibleIds; readonly present: MappingRules | null },
): Promise<void> {
  const named = lookupSourceIds([present]);
  for (const [index, lookup] of (rules?.lookups ?? []).entries()) {
    const field = `rules.lookups.${String(index)}`;
    if (lookup.dataSource !== undefined)
      throw refusal(`${field}.dataSource`, "belongs to channels' documents: give dataSourceId");
    const { dataSourceId: id } = lookup;
    if (id === undefined) continue;
    const where = named.includes(id) ? { id } : { id, ...whereOwn(id, visible) };
    const found = await manager.findOneBy(DataSourceEntity, where);
    requireReadable(found, `${field}.dataSourceId`, id);
  }
}

/** The rules with ids instead of names, as they are kept. Throws REQUEST_INVALID with the field. */
export async function identifyLookupSources<R extends WithLookups>(
  rules: R,
  find: (name: string) => Promise<DataSourceEntity | null>,
): Promise<R> {
  if (rules.lookups === undefined) return rules;
  const lookups: GivenLookup[] = [];
  for (const [index, { dataSource, ...lookup }] of rules.lookups.entries()) {
    const field = `rules.lookups.${String(index)}`;
    if (lookup.dataSourceId !== undefined)
      throw refusal(`${field}.dataSourceId`, 'does not belong to documents, which know no ids: give dataSource');
    if (dataSource === undefined) lookups.push(lookup);
    else {
      const { id } = requireReadable(await find(dataSource), `${field}.dataSource`, dataSource);
      lookups.push({ ...lookup, dataSourceId: id });
    }
  }
  return { ...rules, lookups };
}

/** The rules with names instead of ids, as documents have them. */
export function nameLookupSources<R extends WithLookups>(rules: R, names: ReadonlyMap<string, string>): R {
  if (rules.lookups === undefined) return rules;
  const lookups = rules.lookups.map((lookup): GivenLookup => {
    const { dataSourceId: id, name, ...rest } = lookup;
    return id === undefined ? lookup : { name, dataSource: names.get(id) ?? id, ...rest };
  });
  return { ...rules, lookups };
}

/** Pipelines whose mappings look up at the data source. */
export async function pipelinesLookingAt(manager: EntityManager, dataSourceId: string): Promise<readonly string[]> {
  const mappings = await manager
    .createQueryBuilder(MappingEntity, 'mapping')
    .where('mapping.rules LIKE :like', { like: `%${dataSourceId}%` })
    .getMany();
  const looking = mappings.filter(({ rules }) => lookupSourceIds([rules]).includes(dataSourceId));
  return [...new Set(looking.map(({ pipelineId }) => pipelineId))];
}

/** The data sources of the look-ups, in the order of their ids. Throws MAPPING_LOOKUP_INVALID when one is not there. */
export async function readLookupSources(
  manager: EntityManager,
  mappings: readonly { readonly id: string; readonly rules: MappingRules | null }[],
): Promise<readonly DataSourceEntity[]> {
  const ids = lookupSourceIds(mappings.map(({ rules }) => rules));
  if (ids.length === 0) return [];
  const found = await manager.find(DataSourceEntity, { where: { id: In([...ids]) }, order: { id: 'ASC' } });
  for (const { id: mapping, rules } of mappings)
    for (const { name, dataSourceId } of rules?.lookups ?? []) {
      if (dataSourceId === undefined || found.some(({ id }) => id === dataSourceId)) continue;
      const problem = `Look-up ${name} of mapping ${mapping} reads at the data source ${dataSourceId}, which there is none`;
      throw new SyncError('MAPPING_LOOKUP_INVALID', { problem, mapping, lookup: name });
    }
  return found;
}

const whereOwn = (id: string, visible: VisibleIds) => whereVisible('id', visible, id);

function requireReadable(found: DataSourceEntity | null, field: string, given: string): DataSourceEntity {
  if (found === null) throw refusal(field, `names ${given}, and there is no such data source`);
  if (found.kind !== 'oracle') return found;
  throw refusal(field, `names ${found.name}, which is an Oracle database: look-ups read at MySQL and MariaDB`);
}

function refusal(field: string, rest: string): SyncError {
  return fieldRefusal(field, `${field} ${rest}`);
}
