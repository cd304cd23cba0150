import { SyncError } from '@lutra/model';
import type { ProcessHeader, StatementProcess } from '@lutra/model';
import { decodeSafely, malformed } from './malformed.ts';

// statement-process/1: one JSON object in UTF-8, of the fields of StatementProcess except the header. It is rare and small;
// fields may be added, and readers pass over those that they do not know. A stage of before it refuses the envelope, because
// it does not know the schema: it never drops a statement in silence.

/** The body of a process that holds a schema statement. */
export const encodeStatementBody = (process: Omit<StatementProcess, 'header'>): Buffer => {
  const { transaction, statement, targets } = process;
  return Buffer.from(JSON.stringify({ transaction, statement, targets }), 'utf8');
};

/** Throws MESSAGING_MALFORMED_BODY. */
export function decodeStatementProcess(header: ProcessHeader, body: Uint8Array): StatementProcess {
  return decodeSafely('a schema statement', () => {
    const fields = JSON.parse(Buffer.from(body).toString('utf8')) as Partial<StatementProcess>;
    const { transaction, statement, targets } = fields;
    if (
      typeof transaction?.gtid !== 'string' ||
      typeof statement?.text !== 'string' ||
      !Array.isArray(statement.tables)
    )
      throw malformed('a schema statement lacks fields');
    return { header, transaction, statement, targets: targets ?? null };
  });
}

/** The schema under which a process that holds a statement travels, through every queue. */
export const STATEMENT_SCHEMA = 'statement-process/1';

/** Throws MESSAGING_UNKNOWN_SCHEMA: load got a statement whose names nobody has translated. */
export function targetsOf(process: StatementProcess): NonNullable<StatementProcess['targets']> {
  if (process.targets !== null) return process.targets;
  throw new SyncError('MESSAGING_UNKNOWN_SCHEMA', {
    problem: `Process ${String(process.header.process)} holds a schema statement that transform has passed on untouched: an older version of transform is running`,
  });
}
