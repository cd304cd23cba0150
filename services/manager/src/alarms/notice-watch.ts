import { SENT_LEVELS } from '@lutra/model';
import type { Clock, FailedEvent, LogLine, WarningEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { NOTICE_MS } from './alarm-facts.ts';
import type { Notice } from './alarm-facts.ts';

/** Read again from so long before the last look: clocks of instances differ. */
const OVERLAP_MS = 30_000;
/** Of each pipeline, the newest: one that floods hides no other. */
const NOTICES_PER_PIPELINE_MAX = 500;
/** What one look reads. */
const EVENTS_MAX = 10_000;
/** Of each level: lines are large, and the stream holds the newest only. */
const LINES_MAX = 1_000;
const MESSAGE_CHARS_MAX = 1_000;

/** Failures and warnings of the last five minutes, from the event log and from the logs of all instances, each read once. */
export class NoticeWatch {
  /** By pipeline, then by content. */
  private readonly kept = new Map<string, Map<string, Notice>>();
  private readUntilMs: number | null = null;

  constructor(private readonly parts: { readonly bus: Bus; readonly clock: Clock }) {}

  /** Those of events and those of lines, also of lines about what an event tells (see withoutRepeats). */
  async read(): Promise<Notice[]> {
    const { bus, clock } = this.parts;
    const nowMs = clock.now().getTime();
    const oldestMs = nowMs - NOTICE_MS;
    const since = new Date(Math.max(oldestMs, (this.readUntilMs ?? 0) - OVERLAP_MS));
    const events = await bus.readEvents({ kinds: ['failed', 'warning'], since, limit: EVENTS_MAX });
    const lines: LogLine[] = [];
    for (const level of SENT_LEVELS) lines.push(...(await bus.readLogs({ since, limit: LINES_MAX, level })));
    for (const event of events) if (event.kind === 'failed' || event.kind === 'warning') this.keep(noticeOf(event));
    // Rules are about pipelines.
    for (const line of lines) if (line.pipelineId !== null) this.keep(noticeOfLine(line));
    this.readUntilMs = nowMs;
    this.forget(oldestMs);
    return [...this.kept.values()].flatMap((notices) => [...notices.values()]);
  }

  private keep(notice: Notice): void {
    const id = notice.pipelineId ?? '';
    const notices = this.kept.get(id) ?? new Map<string, Notice>();
    this.kept.set(id, notices.set(JSON.stringify(notice), notice));
    const [oldest] = notices.keys();
    if (notices.size > NOTICES_PER_PIPELINE_MAX && oldest !== undefined) notices.delete(oldest);
  }

  private forget(oldestMs: number): void {
    for (const [id, notices] of this.kept) {
      for (const [content, { at }] of notices) if (!(Date.parse(at) >= oldestMs)) notices.delete(content);
      if (notices.size === 0) this.kept.delete(id);
    }
  }
}

function noticeOf(event: FailedEvent | WarningEvent): Notice {
  const { at, who, pipelineId } = event;
  const { code, message } = event.kind === 'failed' ? event.failure : event;
  return { at, who, pipelineId, code, message: message.slice(0, MESSAGE_CHARS_MAX), isLine: false };
}

/** The line's message is a constant phrase: what happened is said by its error. */
function noticeOfLine({ at, instance, pipelineId, code, message, fields }: LogLine): Notice {
  const { err } = fields;
  const reason = typeof err === 'object' && err !== null && 'message' in err ? `: ${String(err.message)}` : '';
  const said = (message + reason).slice(0, MESSAGE_CHARS_MAX);
  return { at, who: instance, pipelineId, code: code ?? '', message: said, isLine: true };
}
