import type { LutraEvent, WindowEvent } from '@lutra/model';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import type { SelectStatus } from './select-status.ts';

const REPORT_MS = 1_000;

type EventBody<E extends LutraEvent = LutraEvent> = E extends LutraEvent
  ? Omit<E, 'v' | 'at' | 'who' | 'pipelineId' | 'epoch' | 'process' | 'traceId'>
  : never;

export interface WindowView {
  readonly status: SelectStatus;
  readonly sourceNowMs: () => number;
  readonly open: () => WindowEvent['open'];
  readonly staged: () => NonNullable<WindowEvent['staged']> | null;
}

/** Says once a second how select stands, until the signal aborts, whatever select itself is waiting for. */
export async function reportWindow(
  context: Pick<ServiceContext, 'bus' | 'clock' | 'identity'>,
  session: PipelineSession,
  { view, signal }: { readonly view: WindowView; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await report();
    await context.clock.sleep(REPORT_MS, signal);
  }
  // What ended the epoch is told too; the session's own end needs no word.
  if (view.status.phase === 'failed') await report();

  async function report(): Promise<void> {
    const { status } = view;
    const now = { sourceNowMs: view.sourceNowMs(), monotonicMs: context.clock.monotonicMs() };
    await publishQuietly(context, session, {
      kind: 'window',
      state: status.state(now),
      cause: status.cause,
      source: status.address,
      open: view.open(),
      ...stagedOf(view),
      lagMs: status.lagMs(now),
      eventsRead: status.eventsRead,
      bytesRead: status.bytesRead,
    });
  }
}

function stagedOf(view: WindowView): Pick<WindowEvent, 'staged'> {
  const staged = view.staged();
  return staged === null ? {} : { staged };
}

/** Publishes an event; one that cannot be sent is logged, because no report is worth an epoch. */
export async function publishQuietly(
  { bus, clock, identity }: Pick<ServiceContext, 'bus' | 'clock' | 'identity'>,
  session: PipelineSession,
  body: EventBody,
): Promise<void> {
  const base = {
    v: 1 as const,
    at: clock.now().toISOString(),
    who: identity.instance,
    pipelineId: session.pipelineId,
    epoch: session.epoch,
    process: null,
    traceId: null,
  };
  try {
    await bus.publishEvent({ ...base, ...body });
  } catch (error) {
    session.log.warn({ err: error, kind: body.kind }, 'event not published');
  }
}
