import { decodeStatementProcess, encodeStatementBody } from '@lutra/messaging';
import type { StageTask } from '@lutra/service-kit';
import { planStatement } from './plan-statement.ts';

/** The body of a process that holds a schema statement, with what it means at the target. Throws MAPPING_DDL_UNCLEAR. */
export function translateStatement({
  delivery,
  definition,
  body,
}: Pick<StageTask, 'delivery' | 'definition' | 'body'>): Promise<Uint8Array> {
  const { transaction, statement } = decodeStatementProcess(delivery.header, body);
  const isCaseFolded = delivery.header.isCaseFolded === true;
  const targets = planStatement({ statement, definition, transaction: transaction.gtid, isCaseFolded });
  return Promise.resolve(encodeStatementBody({ transaction, statement, targets }));
}
