import type { BlockedEvent, PipelineParameters, Stage, WindowEvent } from '@lutra/model';
import type { Suspicion } from './suspect.ts';

/** What was found out about a pipeline that does not get on. */
export interface Findings {
  /** Messages of the running epoch in each queue; those in a stage's hands count. */
  readonly queued: Readonly<Record<'selected' | 'extracted' | 'transformed', number>>;
  /** What stages say that they wait for. */
  readonly blocked: ReadonlyMap<Stage, BlockedEvent>;
  readonly window: WindowEvent | null;
  readonly hasMainstem: boolean;
  readonly hasLoader: boolean;
}

/** A warning with its blocker by name. */
export interface StuckVerdict {
  readonly code:
    'QUEUE_TOO_OLD' | 'STAGE_TOO_OLD' | 'NO_PROGRESS' | 'SELECT_SILENT' | 'MAINSTEM_VACANT' | 'LOADER_VACANT';
  readonly stage: Stage;
  readonly message: string;
  readonly process: number | null;
}

type Limits = Pick<PipelineParameters, 'queueAgeMaxMs' | 'stageAgeMaxMs'>;

const QUEUES = [
  { stage: 'extract', queue: 'selected' },
  { stage: 'transform', queue: 'extracted' },
  { stage: 'load', queue: 'transformed' },
] as const;

/** Says where the work stands and what is in its way; null when the limit that applies there is not reached yet. Pure. */
export function nameBlocker(suspicion: Suspicion, findings: Findings, limits: Limits): StuckVerdict | null {
  const vacant = vacancy(suspicion, findings);
  if (vacant !== null) return vacant;
  switch (suspicion.kind) {
    case 'silent': {
      const message = `Select holds the pipeline and has said nothing for ${seconds(suspicion.forMs)}`;
      return { code: 'SELECT_SILENT', stage: 'select', message, process: null };
    }
    case 'noProgress': {
      const where = whereIsIt(findings);
      const message = `Nothing was loaded for ${seconds(suspicion.forMs)} although the source is ahead: ${where.message}`;
      return { code: 'NO_PROGRESS', stage: where.stage, message, process: null };
    }
    case 'slow': {
      const where = whereIsIt(findings);
      const { process, ageMs } = suspicion;
      if (ageMs <= (where.isInHand ? limits.stageAgeMaxMs : limits.queueAgeMaxMs)) return null;
      const message = `Process ${String(process)} has been open for ${seconds(ageMs)}: ${where.message}`;
      return { code: where.isInHand ? 'STAGE_TOO_OLD' : 'QUEUE_TOO_OLD', stage: where.stage, message, process };
    }
  }
}

/** One clause about what is in the way, for whoever says that something takes too long. */
export const blockerOf = (findings: Findings): string => whereIsIt(findings).message;

/** Without a holder nothing else needs to be asked. */
function vacancy(suspicion: Suspicion, findings: Findings): StuckVerdict | null {
  const process = suspicion.kind === 'slow' ? suspicion.process : null;
  if (!findings.hasMainstem)
    return {
      code: 'MAINSTEM_VACANT',
      stage: 'select',
      message: 'The pipeline may run and no select instance holds it: none is alive, or none may take it',
      process,
    };
  if (!findings.hasLoader)
    return {
      code: 'LOADER_VACANT',
      stage: 'load',
      message: 'The pipeline may run and no load instance holds it: none is alive, or none may take it',
      process,
    };
  return null;
}

/** The last stage first: what waits there keeps everything behind it waiting. */
function whereIsIt({ queued, blocked, window }: Findings): { stage: Stage; isInHand: boolean; message: string } {
  for (const { stage, queue } of QUEUES.toReversed()) {
    const blocker = blocked.get(stage)?.blocker;
    if (blocker) return { stage, isInHand: true, message: blocker.message };
    if (queued[queue] === 0 || stage === 'load') continue;
    return {
      stage,
      isInHand: false,
      message: `${String(queued[queue])} wait for an instance of ${stage}, and none says that it has one`,
    };
  }
  if (queued.transformed > 0) {
    const message = 'load has it in hand, or waits for one that came before it';
    return { stage: 'load', isInHand: true, message };
  }
  const cause = blocked.get('select')?.blocker?.message ?? window?.cause ?? null;
  if (window !== null && window.open.length > 0)
    return {
      stage: 'load',
      isInHand: false,
      message: 'it is in no queue: its message was lost, or it is being loaded',
    };
  return { stage: 'select', isInHand: true, message: cause ?? `select says that it is ${window?.state ?? 'silent'}` };
}

const seconds = (ms: number): string => `${String(Math.round(ms / 1_000))} s`;
