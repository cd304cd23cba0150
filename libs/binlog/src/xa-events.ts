import { xidText } from './event-bodies.ts';

/**
 * The name that a logged `XA START|END|COMMIT|ROLLBACK X'…',X'…',n` gives its transaction, spelled as readPreparedXid spells
 * it; null for any other statement.
 */
export function readXidOf(statement: string): string | null {
  const [, globalId, branch, format] = XA_STATEMENT.exec(statement) ?? [];
  if (globalId === undefined || branch === undefined || format === undefined) return null;
  return xidText(Number(format) | 0, Buffer.from(globalId, 'hex'), Buffer.from(branch, 'hex'));
}

const XA_STATEMENT = /^XA\s+\w+\s+X'([0-9a-f]*)'\s*,\s*X'([0-9a-f]*)'\s*,\s*(-?\d+)/i;
