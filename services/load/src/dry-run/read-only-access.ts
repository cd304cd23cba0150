import type { TargetAccess } from '../target-access.ts';

/** Sessions in which the server itself refuses everything that would write, CREATE and ALTER included. */
export function readOnlyAccess(access: TargetAccess): TargetAccess {
  return {
    clock: access.clock,
    open: async () => {
      const session = await access.open();
      try {
        await session.execute([{ sql: 'SET SESSION TRANSACTION READ ONLY' }]);
        // The setting holds from the next transaction on.
        await session.rollback();
        return session;
      } catch (error) {
        session.destroy();
        throw error;
      }
    },
  };
}
