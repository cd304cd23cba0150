import { openSource } from '@lutra/binlog';
import type { SourceSession } from '@lutra/binlog';
import type { Clock, DataSourceDefinition } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';

/** A person waits for the answer. */
const ANSWER_MS_MAX = 8_000;
/** What reads the log stops here, and tells what it has found. */
const READ_MS_MAX = 5_000;
const TIMEOUT_MS = 4_000;

/**
 * Runs `work` on a session at the first server of a source that can be read; `isTimeUp` asks it to come to an end. Throws
 * what `openSource` throws, SOURCE_CONNECTION_LOST when there is no answer in time, and what `work` throws.
 */
export async function atSource<T>(
  parts: { readonly clock: Clock; readonly secrets: Secrets },
  definition: DataSourceDefinition,
  work: (session: SourceSession, isTimeUp: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, secrets } = parts;
  const source = { definition, ...secrets.ofDataSource(definition), clock, timeoutMs: TIMEOUT_MS };
  const { session } = await openSource(source, { place: null, schemas: [] });
  const [over, timeUp] = [new AbortController(), new AbortController()];
  const limits = Promise.all([
    clock.sleep(READ_MS_MAX, over.signal).then(() => timeUp.abort()),
    // Its queries fail, and the work with them.
    clock.sleep(ANSWER_MS_MAX, over.signal).then(() => session.close()),
  ]);
  limits.catch(() => undefined);
  try {
    return await work(session, timeUp.signal);
  } finally {
    over.abort();
    session.close();
  }
}
