import { compileTargetLookup } from '@lutra/model';
import type { Clock, ConflictPolicy, PipelineDefinition, PoisonPolicy } from '@lutra/model';
import type { TableWriter } from '@lutra/sql';
import type { Quarantine } from './quarantine.ts';

/** What a unit is written by, beside its rows: the pipeline's policies, and what is held back. */
export interface WriteHow {
  readonly epoch: number;
  readonly revision: number;
  readonly pipelineId: string;
  readonly onPoison: PoisonPolicy;
  /** Tries of a refused row before it counts as poison. */
  readonly poisonTries: number;
  readonly policyOf: (writer: TableWriter) => ConflictPolicy;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  /** The row is that of a dead letter: what refuses it is thrown. */
  readonly isRetry?: boolean;
  /** By a person's word: a conflict that nobody can see, since the image is partial, is none. */
  readonly isOrdered?: boolean;
}

const OVERWRITE: ConflictPolicy = { kind: 'overwrite' };

/** The rules of one revision; cheap to use for every row, so made once for each. */
export function writeHow(
  definition: PipelineDefinition,
  parts: Pick<WriteHow, 'epoch' | 'quarantine' | 'clock'>,
): WriteHow {
  const mappingOf = compileTargetLookup(definition.mappings);
  const known = new WeakMap<TableWriter, ConflictPolicy>();
  const policyOf = (writer: TableWriter): ConflictPolicy => {
    const before = known.get(writer);
    if (before !== undefined) return before;
    const { schema, table } = writer.definition;
    const policy = mappingOf(schema, table)?.onConflict ?? OVERWRITE;
    known.set(writer, policy);
    return policy;
  };
  const { onPoison, poisonTries } = definition.parameters;
  const { id: pipelineId, revision } = definition;
  return { pipelineId, revision, onPoison, poisonTries, policyOf, ...parts };
}
