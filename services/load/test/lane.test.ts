import { describe, expect, it } from '@jest/globals';
import { SyncError, systemClock } from '@lutra/model';
import type { Place } from '@lutra/model';
import type { TargetSession } from '@lutra/sql';
import { Lane } from '../src/lane.ts';

const PLACE: Place = { done: { kind: 'mariadbGtid', gtidList: '0-1-1' }, inside: null };
const CLAIM = { pipelineId: 'p', epoch: 1, owner: 'load-1/a' };
const OPTIONS = { retryMs: 0, signal: new AbortController().signal };

/** A session whose statements find one row each, until it breaks. */
class FragileSession {
  readonly info = { sessionId: 1, serverId: 's', kind: 'mariadb', address: 'db:3306' };
  readonly written: string[] = [];
  isOpen = true;

  query(): Promise<never[]> {
    return this.isOpen ? Promise.resolve([]) : Promise.reject(new SyncError('TARGET_CONNECTION_LOST'));
  }
  execute(statements: readonly { readonly sql: string }[]): Promise<number[]> {
    this.written.push(...statements.map(({ sql }) => sql));
    return Promise.resolve(statements.map(() => 1));
  }
  commit(): Promise<void> {
    this.written.push('COMMIT');
    return Promise.resolve();
  }
  rollback(): Promise<void> {
    return Promise.resolve();
  }
}

describe('a lane whose staged slices are gone', () => {
  it('writes nothing behind them, also when nobody has waited for the answer that told so', async () => {
    const first = new FragileSession();
    const second = new FragileSession();
    const open = (): Promise<TargetSession> => Promise.resolve(second as unknown as TargetSession);
    const lane = new Lane({ clock: systemClock, open }, CLAIM, {
      session: first as unknown as TargetSession,
      step: 0,
      place: PLACE,
    });
    const slice = { revision: 1, plan: () => Promise.resolve([]) };
    await lane.stage(slice, OPTIONS);
    first.isOpen = false;
    await lane.keepAlive().catch(() => undefined);
    const lost = { code: 'TARGET_TRANSACTION_LOST' };
    await expect(lane.keepAlive()).rejects.toMatchObject(lost);
    await expect(lane.stage(slice, OPTIONS)).rejects.toMatchObject(lost);
    await expect(lane.apply({ ...slice, end: PLACE }, OPTIONS)).rejects.toMatchObject(lost);
    expect(second.written).toEqual([]);
    expect(first.written).toHaveLength(1);
  });
});
