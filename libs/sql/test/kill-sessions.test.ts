import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { killSessions } from '../src/checkpoint.ts';
import type { TargetSession } from '../src/target-session.ts';

/** A session whose server shows session 7, and answers KILL with an error of its own. */
function sessionThatAnswers(errno: number): TargetSession {
  const refused = (): Promise<never> =>
    Promise.reject(new SyncError('INTERNAL', { problem: `The target answered error ${String(errno)}`, errno }));
  const session: Pick<TargetSession, 'query' | 'execute' | 'rollback'> & { info: { sessionId: number } } = {
    info: { sessionId: 1 },
    query: () =>
      Promise.resolve([
        { Id: 1, User: 'lutra' },
        { Id: 7, User: 'lutra' },
        { Id: 8, User: 'somebody' },
      ]),
    execute: refused,
    rollback: () => Promise.resolve(),
  };
  return session as unknown as TargetSession;
}

describe('killSessions', () => {
  it('is content when a session ends by itself between looking and killing (1094)', async () => {
    expect(await killSessions(sessionThatAnswers(1094), [7])).toBe(1);
  });

  it('leaves a session of another account alone', async () => {
    expect(await killSessions(sessionThatAnswers(1095), [8])).toBe(0);
  });

  it('does not hide any other refusal', async () => {
    await expect(killSessions(sessionThatAnswers(1095), [7])).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
