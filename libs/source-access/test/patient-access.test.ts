import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition, PipelineDefinition } from '@lutra/model';
import { PatientAccess } from '../src/patient-access.ts';
import type { PatientAccessParts } from '../src/patient-access.ts';

const SOURCE = { id: 's1', kind: 'mysql', host: 'db', port: 3306, password: 'old' } as unknown as DataSourceDefinition;
const OTHER: DataSourceDefinition = { ...SOURCE, id: 's2', host: 'elsewhere' };
const DEFINITION = {
  ...{ id: 'p1', source: SOURCE, lookupSources: [OTHER], parameters: { retryInPlaceMs: 1_000 } },
} as unknown as PipelineDefinition;

const lost = new SyncError('SOURCE_CONNECTION_LOST', { address: 'db:3306' });
const withErrno = (errno: number): SyncError =>
  new SyncError('INTERNAL', { problem: 'x' }, { cause: Object.assign(new Error('x'), { errno }) });

/** A clock that only sleeping moves, and the data sources that were used. */
function site(newest: PipelineDefinition | null = null) {
  let nowMs = 0;
  const used: DataSourceDefinition[] = [];
  const clock: Pick<Clock, 'monotonicMs' | 'sleep'> = {
    monotonicMs: () => nowMs,
    sleep: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
  };
  const access: PatientAccessParts['access'] = {
    use: (source, _where, work) => {
      used.push(source);
      return work(undefined as never);
    },
  };
  const sources = new PatientAccess({ access, clock: clock as Clock, newest: () => Promise.resolve(newest) });
  return { sources, used, nowMs: () => nowMs };
}

const WHERE = { serverUuid: null, signal: new AbortController().signal };

describe('patient access', () => {
  it.each([
    ['a lost connection', lost],
    ['a source that does not answer', new SyncError('SOURCE_UNREACHABLE', { address: 'db:3306' })],
    ['a table of groups that is gone', new SyncError('SOURCE_GROUPS_GONE', { table: 't', address: 'db:3306' })],
    ['a lock wait', withErrno(1205)],
    ['a deadlock', withErrno(1213)],
    ['a snapshot older than the table', withErrno(1412)],
  ])('repeats after %s', async (_why, failure) => {
    const answer = (_session: unknown, attempt: number): Promise<string> =>
      attempt < 3 ? Promise.reject(failure) : Promise.resolve(`attempt ${String(attempt)}`);
    expect(await site().sources.at(DEFINITION, WHERE, answer)).toBe('attempt 3');
  });

  it('does not repeat what will not pass', async () => {
    const { sources, used } = site();
    const refused = new SyncError('SOURCE_GRANT_MISSING', { problem: 'x', statement: 'GRANT …' });
    await expect(sources.at(DEFINITION, WHERE, () => Promise.reject(refused))).rejects.toBe(refused);
    await expect(sources.at(DEFINITION, WHERE, () => Promise.reject(withErrno(1064)))).rejects.toThrow('INTERNAL');
    expect(used).toHaveLength(2);
  });

  it.each([
    ['SOURCE_CONNECTION_LOST', () => Promise.reject(lost)],
    ['SOURCE_COMMIT_PENDING', () => Promise.resolve(null)],
  ])('gives up after the time of the pipeline with %s', async (code, work: () => Promise<null>) => {
    const { sources, used, nowMs } = site();
    await expect(sources.at(DEFINITION, WHERE, work)).rejects.toMatchObject({ code });
    expect(nowMs()).toBeGreaterThanOrEqual(1_000);
    expect(nowMs()).toBeLessThan(1_600);
    // The pauses grow: a commit is visible in a moment, a server is not.
    expect(used.length).toBeLessThan(12);
  });

  it('ends with the signal, and with its reason', async () => {
    const ending = new AbortController();
    const over = new Error('over');
    const work = (): Promise<never> => {
      ending.abort(over);
      return Promise.reject(lost);
    };
    await expect(site().sources.at(DEFINITION, { ...WHERE, signal: ending.signal }, work)).rejects.toBe(over);
  });

  it('takes data sources as the newest revision has them, and those that it has no more as they were', async () => {
    const newest = { ...DEFINITION, source: { ...SOURCE, password: 'new' }, lookupSources: [] } as never;
    const { sources, used } = site(newest);
    for (const dataSourceId of [undefined, 's2'])
      await sources.at(DEFINITION, { ...WHERE, dataSourceId }, () => Promise.resolve(true));
    expect(used).toMatchObject([
      { id: 's1', password: 'new' },
      { id: 's2', host: 'elsewhere' },
    ]);
    expect(await sources.dataSource(DEFINITION, 's3')).toBeNull();
  });
});
