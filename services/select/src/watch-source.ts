import { readRetention, SourceSession } from '@lutra/binlog';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { publishQuietly } from './report-window.ts';
import type { SourceReader } from './source-reader.ts';
import { purgeWarnings, WarningGate } from './warn-of-purge.ts';
import type { NeededLog } from './warn-of-purge.ts';

const WATCH_MS = 60_000;
/** A side connection must not wait for ever, and nothing waits for it. */
const TIMEOUT_MS = 5_000;

/**
 * Looks at the source once a minute on a connection of its own, also while the dump is closed: measures its clock again, and
 * warns when log that the pipeline needs is about to be purged (SOURCE_PURGE_NEAR). A look that fails is only logged: the dump
 * says what is wrong.
 */
export async function watchSource(
  context: Pick<ServiceContext, 'bus' | 'clock' | 'identity'>,
  session: PipelineSession,
  options: {
    readonly reader: SourceReader;
    /** Null while it is not known. */
    readonly needed: () => NeededLog | null;
    readonly signal: AbortSignal;
    readonly everyMs?: number;
  },
): Promise<void> {
  const { clock } = context;
  const { reader, needed, signal, everyMs = WATCH_MS } = options;
  const gate = new WarningGate();
  for (;;) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      await look();
    } catch (error) {
      session.log.info({ err: error }, 'source not watched');
    }
  }

  async function look(): Promise<void> {
    if (reader.serverUuid === null) return;
    const { source, serverUuid } = reader.current();
    const side = await SourceSession.open({ ...source, timeoutMs: TIMEOUT_MS });
    try {
      if (side.server.uuid !== serverUuid) return;
      reader.setClock(side.server.clockOffsetMs);
      const log = needed();
      if (log === null) return;
      const retention = await readRetention(side);
      const { kind } = side.server;
      const warnings = purgeWarnings(log, retention, { kind, nowMs: reader.sourceNowMs() });
      for (const { condition, message } of gate.take(warnings, clock.monotonicMs())) {
        session.log.warn({ condition, file: log.file }, 'needed log is about to be purged');
        await publishQuietly(context, session, { kind: 'warning', code: 'SOURCE_PURGE_NEAR', message });
      }
    } finally {
      side.close();
    }
  }
}
