import { resolveStart, SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import { Bell } from '@lutra/model';
import type { CursorState, Place } from '@lutra/model';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';

const REPEAT_MS = 1_000;

/**
 * The start of an epoch. Load, which holds the checkpoint, says where this epoch begins; select opens no dump before. When
 * load has no checkpoint it asks for an origin: select resolves the configured start once and repeats it every second, until
 * load has made it durable and answers with a place. Null when the session ends meanwhile.
 */
export async function agreeOnPlace(
  context: Pick<ServiceContext, 'bus' | 'clock'>,
  session: PipelineSession,
  resolveOrigin: () => Promise<Place>,
): Promise<Place | null> {
  const { bus, clock } = context;
  const bell = new Bell(clock);
  const over = new AbortController();
  const signal = AbortSignal.any([session.signal, over.signal]);
  const heard: { cursor: CursorState | null } = { cursor: null };
  const following = followCursor(context, session, signal, (cursor) => {
    heard.cursor = cursor;
    bell.ring();
  });
  let origin: Place | null = null;
  try {
    while (!session.signal.aborted) {
      if (heard.cursor?.state === 'place') return heard.cursor.place;
      if (heard.cursor?.state === 'origin-wanted') {
        origin ??= await beginAnew(bus, session, resolveOrigin);
        await bus.putOrigin(session.pipelineId, { epoch: session.epoch, place: origin, at: clock.now().toISOString() });
      }
      await bell.wait(REPEAT_MS, session.signal);
    }
    return null;
  } finally {
    over.abort();
    await following;
  }
}

/** Calls back for every state of this epoch, until the signal aborts; a watch that breaks is set again. */
export async function followCursor(
  { bus, clock }: Pick<ServiceContext, 'bus' | 'clock'>,
  session: PipelineSession,
  signal: AbortSignal,
  heard: (cursor: CursorState) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const cursor of bus.watchCursor(session.pipelineId, signal))
        if (cursor.epoch === session.epoch) heard(cursor);
    } catch (error) {
      if (!signal.aborted) session.log.warn({ err: error }, 'cursor cannot be watched');
    }
    await clock.sleep(REPEAT_MS, signal);
  }
}

/** What is kept of tables belongs to the time before: a source whose GTIDs began anew gives the same ones to other statements. */
async function beginAnew(
  bus: ServiceContext['bus'],
  session: PipelineSession,
  resolveOrigin: () => Promise<Place>,
): Promise<Place> {
  await bus.removeTableHistories(session.pipelineId);
  return resolveOrigin();
}

/** The configured start, asked of the source itself. */
export async function resolveOrigin(session: PipelineSession, source: SourceOptions): Promise<Place> {
  const connection = await SourceSession.open(source);
  try {
    const place = await resolveStart(connection, session.latestDefinition().start, session.signal);
    session.log.info({ place }, 'start resolved');
    return place;
  } finally {
    connection.close();
  }
}
