import type { LoadedEvent } from '@lutra/model';
import type { ProcessDto } from './process.dto.ts';

/** A process that is loaded, as its event tells it. */
export function loadedProcessDtoOf(event: Omit<LoadedEvent, 'end'>): ProcessDto {
  const { epoch, process, at, traceId, sourceBytes, transactionCount, stages } = event;
  const startMs = Math.min(...stages.map((stage) => stage.startMs));
  const endMs = Math.max(...stages.map((stage) => stage.endMs));
  return {
    epoch: epoch ?? 0,
    process: process ?? 0,
    state: 'loaded',
    ageMs: stages.length === 0 ? 0 : endMs - startMs,
    rowCount: event.inserted + event.updated + event.deleted,
    transactionCount,
    bytes: sourceBytes,
    loadedAt: at,
    traceId,
    stages: stages.map((stage) => ({
      stage: stage.stage,
      instance: stage.instance,
      startedAt: new Date(stage.startMs).toISOString(),
      durationMs: stage.endMs - stage.startMs,
      rowCount: stage.rowCount,
      bytes: stage.bytes,
    })),
  };
}
