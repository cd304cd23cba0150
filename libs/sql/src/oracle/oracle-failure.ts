import { SyncError } from '@lutra/model';
import type { ServerAddress } from '@lutra/model';

/** Wrong user or password, locked, expired, not allowed to log in. */
const DENIED = new Set(['ORA-01017', 'ORA-01045', 'ORA-28000', 'ORA-28001', 'ORA-28009', 'ORA-01005']);
/** The driver's own (NJS), the listener's, and those of a connection that broke or a database that is not open. */
const AWAY =
  /^(NJS-5\d\d|NJS-123|NJS-040|ORA-12\d{3}|ORA-0311[34]|ORA-0103[34]|ORA-01089|ORA-01090|ORA-02396|ORA-00018|ORA-00020|ORA-28547|E[A-Z]+)$/;

/** Gives what the driver threw its meaning, once, at the border. A SyncError passes unchanged. */
export function oracleFailure(error: unknown, { host, port }: ServerAddress): SyncError {
  if (SyncError.is(error)) return error;
  const { code, message } = driverError(error);
  const address = `${host}:${String(port)}`;
  if (DENIED.has(code)) {
    const problem = `The target ${address} refuses the account: ${message}`;
    return new SyncError('TARGET_ACCESS_DENIED', { problem, address, sqlCode: code }, { cause: error });
  }
  if (AWAY.test(code)) {
    const problem = `The target ${address} cannot be reached: ${message}`;
    return new SyncError('TARGET_UNREACHABLE', { problem, address, sqlCode: code }, { cause: error });
  }
  return SyncError.of(error);
}

/** There was no answer in time. */
export function oracleSilent({ host, port }: ServerAddress, waitedMs: number): SyncError {
  const address = `${host}:${String(port)}`;
  const problem = `The target ${address} did not answer within ${String(waitedMs / 1_000)} s`;
  return new SyncError('TARGET_UNREACHABLE', { problem, address });
}

function driverError(error: unknown): { readonly code: string; readonly message: string } {
  // By shape, not by class: errors of the driver may come from another realm.
  if (typeof error !== 'object' || error === null) return { code: '', message: String(error) };
  const { code, message } = error as { code?: unknown; message?: unknown };
  // The first line says it; those behind it repeat where to read more.
  const [line = ''] = typeof message === 'string' ? message.split('\n') : [];
  return { code: typeof code === 'string' ? code : '', message: line };
}
