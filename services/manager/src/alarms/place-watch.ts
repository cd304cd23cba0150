import { createHash } from 'node:crypto';
import type { CursorState } from '@lutra/model';
import type { PlaceMemory } from './fact-memory.ts';

/** Since when cursors stand where they stand. Select writes them anew each second, also when they have not moved. */
export class PlaceWatch {
  private stored: ReadonlyMap<string, PlaceMemory> = new Map();
  private readonly seen = new Map<string, PlaceMemory>();
  private changed: PlaceMemory[] = [];

  /** Begins a look with what the store remembers. */
  begin(stored: readonly PlaceMemory[]): void {
    this.stored = new Map(stored.map((row) => [row.pipelineId, row]));
    this.changed = [];
  }

  /** `committedMs`: of the newest process that was heard of, null = none. Null = the pipeline has no place yet. */
  see(pipelineId: string, cursor: CursorState | null, committedMs: number | null): PlaceMemory | null {
    if (cursor?.state !== 'place') return null;
    const place = createHash('sha256')
      .update(JSON.stringify([cursor.place, cursor.dryRun ?? null]))
      .digest('hex');
    const [stored, seen] = [this.stored.get(pipelineId), this.seen.get(pipelineId)];
    const known = [stored, seen].find((row) => row?.place === place);
    const movedMs = known?.movedMs ?? Date.parse(cursor.at);
    // A manager that has just started has heard of no process yet.
    const commits = [known?.lastCommitMs ?? null, committedMs].filter((ms) => ms !== null);
    const lastCommitMs = commits.length === 0 ? null : Math.max(...commits);
    const now = { pipelineId, place, movedMs, lastCommitMs };
    this.seen.set(pipelineId, now);
    // What moves with each look needs no memory: only a place that was seen twice is kept.
    if (known !== undefined && (stored?.place !== place || stored.lastCommitMs !== lastCommitMs))
      this.changed.push(now);
    return now;
  }

  /** As the newest look saw it. */
  of(pipelineId: string): PlaceMemory | null {
    return this.seen.get(pipelineId) ?? null;
  }

  /** What this look has to store. */
  changes(): readonly PlaceMemory[] {
    return this.changed;
  }
}
