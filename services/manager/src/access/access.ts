import { In, IsNull, Not } from 'typeorm';
import type { FindOperator } from 'typeorm';
import { SyncError } from '@lutra/model';
import { AlarmEntity } from '../alarms/alarm.entity.ts';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import type { Caller } from './caller.ts';

/** Ids that a caller may see; null = all there are. */
export type VisibleIds = readonly string[] | null;

/**
 * What a caller may see: everything, or, when limited to channels, these with their pipelines, whatever belongs to those,
 * and the data sources that they use or that name these channels. What a caller may not see does not exist for it: not found, and in no list.
 */
export class Access {
  constructor(private readonly store: Store) {}

  /** Throws RESOURCE_NOT_FOUND, in the words of a channel that is not there. */
  requireChannel({ channelIds }: Caller, id: string): Promise<void> {
    if (channelIds === null || channelIds.includes(id)) return Promise.resolve();
    return Promise.reject(notFound('channel', id));
  }

  /** Likewise by its name. Whether it is there at all is for the one who reads it, unless the caller is limited. */
  async requireChannelNamed({ channelIds }: Caller, name: string): Promise<void> {
    if (channelIds === null) return;
    const where = { name, ...whereVisible('id', channelIds) };
    const isThere = await this.store.read(ChannelEntity, (rows) => rows.existsBy(where));
    if (!isThere) throw noChannelNamed(name);
  }

  /** Likewise of a pipeline. Whether it is there at all is for the one who reads it. */
  async requirePipeline(caller: Caller, id: string): Promise<void> {
    requireVisible(await this.pipelineIds(caller), id);
  }

  /** Of figures: the pipeline or channel that they are of. Neither is the whole installation: REQUEST_FORBIDDEN to a limited caller. */
  async requireOneOf(
    caller: Caller,
    { pipelineId, channelId }: { readonly pipelineId?: string; readonly channelId?: string },
  ): Promise<void> {
    if (pipelineId !== undefined) await this.requirePipeline(caller, pipelineId);
    if (channelId !== undefined) await this.requireChannel(caller, channelId);
    if (pipelineId === undefined && channelId === undefined) requireInstallation(caller);
  }

  /** Those about its pipelines: one about anything else is the installation's. */
  async requireAlarm(caller: Caller, id: string): Promise<void> {
    const where = { id, ...whereVisible('pipelineId', await this.pipelineIds(caller)) };
    if (!(await this.store.read(AlarmEntity, (rows) => rows.existsBy(where)))) throw notFound('alarm', id);
  }

  async requireDataSource(caller: Caller, id: string): Promise<void> {
    const visible = await this.dataSourceIds(caller);
    if (visible !== null && !visible.includes(id)) throw notFound('data source', id);
  }

  async pipelineIds(caller: Caller): Promise<VisibleIds> {
    return (await this.pipelinesOf(caller))?.map(({ id }) => id) ?? null;
  }

  /** Those that the caller's pipelines read or write, and those that name one of its channels. */
  async dataSourceIds(caller: Caller): Promise<VisibleIds> {
    const pipelines = await this.pipelinesOf(caller);
    if (pipelines === null) return null;
    const sharing = await this.store.read(DataSourceEntity, (rows) =>
      rows.find({ select: { id: true, channelIds: true }, where: { channelIds: Not(IsNull()) } }),
    );
    const shared = sharing.filter((one) => one.channelIds?.some((id) => caller.channelIds?.includes(id)));
    return [...new Set([...pipelines.flatMap((one) => [one.sourceId, one.targetId]), ...shared.map(({ id }) => id)])];
  }

  private async pipelinesOf({ channelIds }: Caller): Promise<readonly PipelineEntity[] | null> {
    if (channelIds === null) return null;
    return this.store.read(PipelineEntity, (rows) =>
      rows.find({
        select: { id: true, sourceId: true, targetId: true },
        where: { channelId: In([...channelIds]) },
        order: { id: 'ASC' },
      }),
    );
  }
}

/** Throws REQUEST_FORBIDDEN when the caller is limited to channels. */
export function requireInstallation({ channelIds }: Caller): void {
  if (channelIds === null) return;
  const problem = 'This concerns the whole installation, and you are limited to channels';
  throw new SyncError('REQUEST_FORBIDDEN', { problem, channelIds });
}

/** Throws RESOURCE_NOT_FOUND when the pipeline is none of those. */
export function requireVisible(visible: VisibleIds, pipelineId: string): void {
  if (visible !== null && !visible.includes(pipelineId)) throw notFound('pipeline', pipelineId);
}

export const noChannelNamed = (name: string): SyncError =>
  new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no channel ${name}` });

/** The condition of a list: `wanted` when it is given, of what is visible. Nothing limits it: no condition. */
export function whereVisible<C extends string>(
  column: C,
  visible: VisibleIds,
  wanted?: string,
): Partial<Record<C, FindOperator<string>>> {
  const asked = wanted === undefined ? null : [wanted];
  const ids = visible === null ? asked : (asked ?? visible).filter((id) => visible.includes(id));
  // The key is the one of the type, which TypeScript cannot tell of a computed name.
  return ids === null ? {} : ({ [column]: In(ids) } as Partial<Record<C, FindOperator<string>>>);
}

export const notFound = (kind: string, id: string): SyncError =>
  new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no ${kind} with id ${id}`, id });
