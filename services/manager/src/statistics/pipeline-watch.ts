import { foldStatistics, NO_STATISTICS } from '@lutra/model';
import type {
  BlockedEvent,
  CommandEvent,
  FailedEvent,
  LoadedEvent,
  LutraEvent,
  StatisticState,
  WindowEvent,
} from '@lutra/model';

/** Loaded processes that are remembered per pipeline for the process view. */
const RECENT_MAX = 50;

/** What the events of one pipeline say, as far as somebody may ask for it. */
export interface PipelineView {
  readonly statistics: StatisticState;
  /** Newest first. */
  readonly recent: readonly LoadedEvent[];
  readonly window: WindowEvent | null;
  readonly lastFailed: FailedEvent | null;
  /** What stages of the newest epoch wait for: the last word of each, also that it waits no longer. */
  readonly blocked: readonly BlockedEvent[];
  /** The newest command, whoever gave it. */
  readonly lastCommand: CommandEvent | null;
}

export const NO_VIEW: PipelineView = {
  statistics: NO_STATISTICS,
  recent: [],
  window: null,
  lastFailed: null,
  blocked: [],
  lastCommand: null,
};

/** How an event counts: by `id` it is told from others; what saved figures hold already is not `isNew`. */
export interface Counting {
  readonly id?: string;
  readonly isNew: boolean;
}

/** The view with one event more. Pure; folding an event twice changes nothing. */
export function foldView(
  view: PipelineView,
  event: LutraEvent,
  { id, isNew }: Counting = { isNew: true },
): PipelineView {
  const statistics = isNew ? foldStatistics(view.statistics, event, id) : view.statistics;
  switch (event.kind) {
    case 'loaded': {
      const isKnown = view.recent.some(({ epoch, process }) => epoch === event.epoch && process === event.process);
      return { ...view, statistics, recent: isKnown ? view.recent : [event, ...view.recent].slice(0, RECENT_MAX) };
    }
    case 'window':
      return { ...view, window: view.window === null || view.window.at <= event.at ? event : view.window };
    case 'failed':
      return { ...view, statistics, lastFailed: event };
    case 'blocked':
      return { ...view, blocked: foldBlocked(view.blocked, event) };
    case 'command-issued':
    case 'command-done':
      return isNewerWord(event, view.lastCommand) ? { ...view, lastCommand: event } : view;
    default:
      return { ...view, statistics };
  }
}

function foldBlocked(known: readonly BlockedEvent[], event: BlockedEvent): readonly BlockedEvent[] {
  const epochOf = ({ epoch }: BlockedEvent): number => epoch ?? 0;
  const newest = Math.max(epochOf(event), ...known.map(epochOf));
  const isSameStage = ({ stage, who }: BlockedEvent): boolean => stage === event.stage && who === event.who;
  if (known.some((other) => isSameStage(other) && other.at > event.at)) return known;
  return [...known.filter((other) => !isSameStage(other)), event].filter((other) => epochOf(other) === newest);
}

/** Of one command the decision counts, and of decisions the first: a repeat of the command finds it done. */
function isNewerWord(event: CommandEvent, known: CommandEvent | null): boolean {
  if (known === null) return true;
  if (event.command.id === known.command.id) return known.outcome === 'issued' && event.outcome !== 'issued';
  return event.command.issuedAt >= known.command.issuedAt;
}

/** Views of all pipelines, in memory. */
export class PipelineWatch {
  private readonly views = new Map<string, PipelineView>();
  /** False until all that the log held at the start was folded: what no event tells until then need not be so. */
  isFilled = false;

  view(pipelineId: string): PipelineView {
    return this.views.get(pipelineId) ?? NO_VIEW;
  }

  ids(): readonly string[] {
    return [...this.views.keys()];
  }

  fold(event: LutraEvent, counting?: Counting): void {
    const { pipelineId } = event;
    if (pipelineId !== null) this.views.set(pipelineId, foldView(this.view(pipelineId), event, counting));
  }

  /** Goes on with statistics that were saved, unless events were folded already. */
  restore(pipelineId: string, statistics: StatisticState): void {
    if (!this.views.has(pipelineId)) this.views.set(pipelineId, { ...NO_VIEW, statistics });
  }

  forget(pipelineId: string): void {
    this.views.delete(pipelineId);
  }
}
