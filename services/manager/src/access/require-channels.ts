import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { fieldRefusal } from '../http/refuse-field.ts';

/** A scope that names nothing is a slip of the pen. Throws REQUEST_INVALID; no scope at all is fine. */
export async function requireChannels(
  manager: EntityManager,
  ids: readonly string[] | null | undefined,
): Promise<void> {
  if (ids === undefined || ids === null) return;
  const found = await manager.find(ChannelEntity, { select: { id: true }, where: { id: In([...ids]) } });
  const missing = ids.filter((id) => !found.some((channel) => channel.id === id));
  if (missing.length === 0) return;
  throw fieldRefusal('channelIds', `channelIds: There is no channel with id ${missing.join(', ')}`);
}
