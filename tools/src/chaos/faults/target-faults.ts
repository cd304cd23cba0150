import { connectTo, waitUntil } from '@lutra/testing';
import type { FaultFamily } from './fault-family.ts';

const SESSIONS_LIMIT_MS = 8_000;

/** Load's sessions are killed by the target's administrator, with or without what they were doing. */
export const TARGET_FAULTS: readonly FaultFamily[] = [
  {
    kind: 'target-sessions-killed',
    targets: ['KILL HARD', 'KILL SOFT'],
    make: ({ target: server, stack }, statement) => ({
      kind: 'target-sessions-killed',
      target: statement,
      recoversFrom: 'end',
      run: async () => {
        const target = await connectTo(server);
        try {
          // Between two epochs there are none.
          const killed = await waitUntil(
            async () => {
              const [rows] = await target.query('SHOW PROCESSLIST');
              const ids = (rows as unknown as readonly { readonly Id: string; readonly User: string }[])
                .filter(({ User }) => User === stack.target.user)
                .map(({ Id }) => Id);
              const gone: string[] = [];
              for (const id of ids)
                await target.query(`${statement} CONNECTION ${id}`).then(
                  () => gone.push(id),
                  () => undefined, // It has ended by itself.
                );
              return gone.length > 0 ? gone : undefined;
            },
            { what: 'a session of load', timeoutMs: SESSIONS_LIMIT_MS },
          ).catch(() => []);
          return { tookEffect: killed.length > 0, seen: `${String(killed.length)} sessions killed` };
        } finally {
          target.destroy();
        }
      },
    }),
  },
];
