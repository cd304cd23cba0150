import type { Clock, ConflictPolicy, PipelineDefinition } from '@lutra/model';
import { mappedChange, TargetCatalog } from '@lutra/sql';
import type { DeadLetter, TableWriter, TargetSession } from '@lutra/sql';

import { writerOptions } from '../row-collector.ts';
import { TableWriters } from '../table-writers.ts';
import { CarefulWriter } from './careful-writer.ts';
import { letterChange, letterPolicy } from './letter-policy.ts';
import { plannedAlone, planStatements } from '../plan/plan-statements.ts';
import { Quarantine } from './quarantine.ts';
import { writeHow } from './write-how.ts';

const ALONE = { rowsMax: 1, charactersMax: Number.MAX_SAFE_INTEGER };

/**
 * Writes the change of a letter by the ordinary statements; the COMMIT is the caller's. A person's word to retry means that
 * the change is to be in the target whatever stands there ({@link letterPolicy}); one that only followed meets the policy
 * of its table, as it would have. Throws what refuses it; ROW_NOT_MAPPED when there is no row to write.
 */
export async function applyLetter(
  session: TargetSession,
  letter: DeadLetter,
  {
    definition,
    epoch,
    clock,
  }: { readonly definition: PipelineDefinition; readonly epoch: number; readonly clock: Clock },
): Promise<void> {
  const change = mappedChange(letter);
  const rules = writeHow(definition, { epoch, quarantine: new Quarantine(), clock });
  const isOrdered = letter.state === 'retryWanted' || letter.edited !== null;
  const policyOf = (writer: TableWriter): ConflictPolicy => letterPolicy(rules.policyOf(writer), writer, letter);
  const how = { ...rules, isRetry: true, isOrdered, policyOf };
  // Nothing that is known: the table may just have been altered for the letter's sake.
  const writers = new TableWriters(new TargetCatalog());
  const writer = await writers.writerOf(session, letter.definition, writerOptions(definition));
  const transaction = { seq: letter.seq, gtid: letter.gtid, firstEvent: 0, commitMs: 0, isLast: true };
  const origin = { process: letter.process, transaction, serverUuid: '' };
  const row = plannedAlone({ writer, change: letterChange(writer, { ...letter, change }), origin });
  await new CarefulWriter(session, how, true).write(planStatements([row], ALONE));
}
