import { Bell, SyncError, withNewestLogin } from '@lutra/model';
import type { SourceOptions } from '@lutra/binlog';
import { ProcessRouter, Secrets } from '@lutra/service-kit';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { agreeOnPlace, resolveOrigin } from './agree-on-place.ts';
import { PREPARED_BYTES_MAX } from './prepared-transactions.ts';
import { reportWindow } from './report-window.ts';
import { SelectEpoch } from './select-epoch.ts';
import type { SelectEnv } from './select.env.ts';
import { SelectStatus } from './select-status.ts';
import { SourceReader } from './source-reader.ts';
import { watchSource } from './watch-source.ts';

/**
 * What one pipeline holds while it reads: a chunk of the socket or two, an event that is framed whole, the parts of a body
 * that are under way (four of 768 KiB and the next one), and rows of prepared XA transactions.
 */
const HELD_BYTES = 6 * 1024 * 1024 + PREPARED_BYTES_MAX;

/**
 * One epoch of one pipeline: checks the source, agrees with load on the place, reads until the session ends. Throws what
 * stops the pipeline; service-kit reports it. A service with several pipelines gives all of them one router.
 */
export async function runEpoch(
  context: ServiceContext<SelectEnv>,
  session: PipelineSession,
  router = new ProcessRouter(context, 'extract'),
): Promise<void> {
  const { clock, env, budget } = context;
  const status = new SelectStatus();
  const bell = new Bell(clock);
  const { source: definition, parameters, mappings } = session.latestDefinition();
  const secrets = new Secrets(env);
  const source = (): SourceOptions => {
    const current = withNewestLogin(definition, session.latestDefinition().source);
    return { definition: current, ...secrets.ofDataSource(current), clock };
  };
  // Which ones an expression means is known when their rows come.
  const schemas = [
    ...new Set(mappings.flatMap(({ source: { schema } }) => (typeof schema === 'string' ? schema : []))),
  ];
  const { heartbeatMs } = parameters;
  const reader = new SourceReader({ source, schemas, clock, heartbeatMs, onReady: bell.ring });
  const over = new AbortController();
  let epoch: SelectEpoch | null = null;
  const view = {
    status,
    sourceNowMs: () => reader.sourceNowMs(),
    open: () => epoch?.describeWindow() ?? [],
    staged: () => epoch?.describeStaged() ?? null,
  };
  const signal = AbortSignal.any([session.signal, over.signal]);
  const reporting = reportWindow(context, session, { view, signal });
  const watching = watchSource(context, session, { reader, needed: () => epoch?.neededLog() ?? null, signal });
  try {
    const checked = await reader.check();
    const place = await agreeOnPlace(context, session, () => resolveOrigin(session, checked));
    if (place === null) return;
    const release = await budget.reserve(HELD_BYTES, session.signal, parameters.priority);
    try {
      const maxRowBytes = env.LUTRA_MAX_ROW_BYTES;
      epoch = new SelectEpoch(context, session, { place, maxRowBytes, reader, status, bell, router });
      await epoch.run();
    } finally {
      release();
    }
  } catch (error) {
    if (session.signal.aborted) return;
    status.phase = 'failed';
    status.cause = SyncError.of(error).message;
    throw error;
  } finally {
    over.abort();
    await Promise.all([reporting, watching]);
  }
}
