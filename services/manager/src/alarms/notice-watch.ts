import type { Clock, FailedEvent, WarningEvent } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import { NOTICE_MS } from './alarm-facts.ts';

export type Notice = FailedEvent | WarningEvent;

/** Read again from so long before the last look: clocks of instances differ. */
const OVERLAP_MS = 30_000;
/** Of each pipeline, the newest: one that floods hides no other. */
const NOTICES_PER_PIPELINE_MAX = 500;
/** What one look reads. */
const READ_MAX = 10_000;

/** Failures and warnings of the last five minutes, each read once. */
export class NoticeWatch {
  /** By pipeline, then by content. */
  private readonly kept = new Map<string, Map<string, Notice>>();
  private readUntilMs: number | null = null;

  constructor(private readonly parts: { readonly bus: Bus; readonly clock: Clock }) {}

  /** In their order, for each pipeline. */
  async read(): Promise<Notice[]> {
    const nowMs = this.parts.clock.now().getTime();
    const oldestMs = nowMs - NOTICE_MS;
    const since = new Date(Math.max(oldestMs, (this.readUntilMs ?? 0) - OVERLAP_MS));
    const events = await this.parts.bus.readEvents({ kinds: ['failed', 'warning'], since, limit: READ_MAX });
    for (const event of events) if (event.kind === 'failed' || event.kind === 'warning') this.keep(event);
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
      for (const [content, { at }] of notices) if (Date.parse(at) < oldestMs) notices.delete(content);
      if (notices.size === 0) this.kept.delete(id);
    }
  }
}
