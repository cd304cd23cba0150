import { completeDefinition } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { HeldDefinition } from '../bus.ts';
import { Bucket } from './bucket.ts';
import type { NatsLink } from './nats-link.ts';
import { PIPELINE_KEY, pipelineKey } from './subjects.ts';

/** Revisions that are kept in memory: a few of each pipeline of a large installation. */
const CACHED_MAX = 512;

/** Revisions of pipeline definitions. A revision never changes, so it is read once. */
export class DefinitionStore {
  private readonly bucket: Bucket;
  private readonly cached = new Map<string, PipelineDefinition>();
  /** Highest revision that was watched, by pipeline, in the bucket that was made at `created`. */
  private seen = { created: '', revisions: new Map<string, number>() };

  constructor(link: NatsLink) {
    this.bucket = new Bucket(link, link.subjects.buckets.config, link.subjects.streams.config);
  }

  async put(definition: PipelineDefinition, after?: HeldDefinition): Promise<boolean> {
    const key = pipelineKey(definition.id);
    if (after !== undefined) return this.bucket.putAfter(key, definition, after.sequence);
    await this.bucket.put(key, definition);
    return true;
  }

  async held(pipelineId: string): Promise<HeldDefinition> {
    const { value, sequence } = await this.bucket.held(pipelineKey(pipelineId));
    return { definition: read(value), sequence };
  }

  async ids(): Promise<string[]> {
    return (await this.bucket.keys(`${PIPELINE_KEY}*`)).map((key) => key.slice(PIPELINE_KEY.length));
  }

  async remove(pipelineId: string): Promise<void> {
    await this.bucket.remove(pipelineKey(pipelineId));
  }

  /** Removes all revisions of a definition that was removed; its end stays to be seen by those who watch. */
  async forget(pipelineId: string): Promise<void> {
    await this.bucket.forgetHistory(pipelineKey(pipelineId));
    const ofPipeline = [...this.cached.keys()].filter((key) => key.startsWith(`${pipelineId}@`));
    for (const key of ofPipeline) this.cached.delete(key);
  }

  /** The newest definition (always asked for), or the given revision (from memory when it was seen). */
  async get(pipelineId: string, revision?: number): Promise<PipelineDefinition | null> {
    const key = pipelineKey(pipelineId);
    if (revision !== undefined) {
      const known = this.cached.get(cacheKey(pipelineId, revision));
      if (known !== undefined) return known;
    }
    const newest = read(await this.bucket.get(key));
    if (newest !== null) this.remember(newest);
    if (revision === undefined || newest?.revision === revision) return newest;
    const history = (await this.bucket.history(key)) as PipelineDefinition[];
    const found = read(history.find((definition) => definition.revision === revision) ?? null);
    if (found !== null) this.remember(found);
    return found;
  }

  async *watch(
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly pipelineId: string; readonly definition: PipelineDefinition | null }, void, undefined> {
    for await (const { key, value, created } of this.bucket.watch(`${PIPELINE_KEY}*`, signal)) {
      const definition = read(value);
      const pipelineId = key.slice(PIPELINE_KEY.length);
      if (!this.isNewest(pipelineId, definition, created)) continue;
      if (definition !== null) this.remember(definition);
      yield { pipelineId, definition };
    }
  }

  /** A bucket that was made anew is believed whatever it says: its manager may have come back from a backup. */
  private isNewest(pipelineId: string, definition: PipelineDefinition | null, created: string): boolean {
    if (this.seen.created !== created) this.seen = { created, revisions: new Map() };
    const { revisions } = this.seen;
    if (definition === null) {
      revisions.delete(pipelineId);
      return true;
    }
    if (definition.revision < (revisions.get(pipelineId) ?? 0)) return false;
    revisions.set(pipelineId, definition.revision);
    return true;
  }

  private remember(definition: PipelineDefinition): void {
    const key = cacheKey(definition.id, definition.revision);
    this.cached.delete(key);
    this.cached.set(key, definition);
    const oldest = this.cached.keys().next();
    if (this.cached.size > CACHED_MAX && oldest.done !== true) this.cached.delete(oldest.value);
  }
}

/** What the bucket holds may be of an older manager. */
const read = (value: unknown): PipelineDefinition | null =>
  value === null || value === undefined ? null : completeDefinition(value as PipelineDefinition);

const cacheKey = (pipelineId: string, revision: number): string => `${pipelineId}@${String(revision)}`;
