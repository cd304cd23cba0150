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
}

/** Says once a second how select stands, until the signal aborts, whatever select itself is waiting for. */
export async function reportWindow(
  context: Pick<ServiceContext, 'bus' | 'clock' | 'identity'>,
  session: PipelineSession,
  { view, signal }: { readonly view: WindowView; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const sourceNowMs = view.sourceNowMs();
    const { status } = view;
    await publishQuietly(context, session, {
      kind: 'window',
      state: status.state({ sourceNowMs, monotonicMs: context.clock.monotonicMs() }),
      cause: status.cause,
      open: view.open(),
      lagMs: status.lagMs(sourceNowMs),
      eventsRead: status.eventsRead,
      bytesRead: status.bytesRead,
    });
    await context.clock.sleep(REPORT_MS, signal);
  }
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
