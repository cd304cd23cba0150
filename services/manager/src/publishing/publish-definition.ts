import { isDeepStrictEqual } from 'node:util';
import { completeDefinition } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { HeldDefinition } from '@lutra/messaging';

/** What publishing needs of the bus and of the store. */
export interface PublishingDoor {
  readonly held: (pipelineId: string) => Promise<HeldDefinition>;
  /** The newest revision; null = the pipeline is removed. */
  readonly stored: (pipelineId: string) => Promise<PipelineDefinition | null>;
  /** False when somebody has written or removed the definition since that look. */
  readonly put: (definition: PipelineDefinition, after: HeldDefinition) => Promise<boolean>;
  /** Makes a revision above this number of what is stored, unless there is one already. */
  readonly raise: (pipelineId: string, above: number) => Promise<void>;
  /** Notes that the bus has this revision: nothing when a newer one is stored by now. */
  readonly note: (pipelineId: string, revision: number) => Promise<void>;
}

export type Publishing = 'published' | 'raised' | 'overtaken' | 'removed';

/**
 * Brings the newest revision of one pipeline to the bus. Whoever stalls at any point and goes on after another manager has
 * published or removed writes nothing: the store is read after the bus's place, so what is written is no older than what
 * the bus held there, and the bus refuses it when that place is not the newest any more. A bus that is ahead of the store
 * all the same tells of a store that came back from a backup: no number may stand for two definitions, so what is stored
 * gets a number above.
 */
export async function publishDefinition(door: PublishingDoor, pipelineId: string): Promise<Publishing> {
  const held = await door.held(pipelineId);
  const stored = await door.stored(pipelineId);
  if (stored === null) return 'removed';
  if (held.definition !== null && isAhead(held.definition, stored)) {
    await door.raise(pipelineId, held.definition.revision);
    return 'raised';
  }
  if (held.definition?.revision !== stored.revision && !(await door.put(stored, held))) return 'overtaken';
  await door.note(pipelineId, stored.revision);
  return 'published';
}

/** The bus has a higher number, or another definition under the same one. */
function isAhead(held: PipelineDefinition, stored: PipelineDefinition): boolean {
  if (held.revision !== stored.revision) return held.revision > stored.revision;
  return !isDeepStrictEqual(plain(held), plain(stored));
}

/** As it is after a way through JSON, and with what a release of today adds. */
const plain = (definition: PipelineDefinition): unknown =>
  JSON.parse(JSON.stringify(completeDefinition(definition))) as unknown;
