import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsString, Max, MaxLength, Min, ValidateBy } from 'class-validator';
import {
  APPLY_MODES,
  DDL_DECISIONS,
  DDL_KINDS,
  DDL_POLICIES,
  DEFAULT_PARAMETERS,
  FAILBACKS,
  FAILOVER_MODES,
  FOREIGN_KEY_MODES,
  LANES_MAX,
  MISSING_COLUMN_POLICIES,
  NO_KEY_POLICIES,
  PARALLELISM_MAX,
  PLACEMENTS,
  POISON_POLICIES,
  PRIORITIES,
} from '@lutra/model';
import type { PipelineParameters } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { PARAMETER_NOTES } from './parameter-notes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;
const WORDS_MAX = 100;
const KEY_CHARACTERS_MAX = 512;

const pageOf = (name: keyof PipelineParameters): { readonly default: unknown; readonly description: string } => ({
  default: DEFAULT_PARAMETERS[name],
  description: PARAMETER_NOTES[name],
});

/** A whole number of a range, with its default in the API page. */
function Range(name: keyof PipelineParameters, min: number, max: number): PropertyDecorator {
  const rules = [
    ApiPropertyOptional({ ...pageOf(name), type: 'integer', minimum: min, maximum: max }),
    MayBeAbsent(),
    IsInt(),
    Min(min),
    Max(max),
  ];
  return together(rules);
}

/** One of a few words. */
function Choice(name: keyof PipelineParameters, values: readonly string[]): PropertyDecorator {
  const page = ApiPropertyOptional({ ...pageOf(name), enum: [...values] });
  return together([page, MayBeAbsent(), IsIn(values)]);
}

/** A map of names to one of a few words. */
function Words(
  name: 'ddlByKind' | 'ddlDecisions',
  { keys, values }: { readonly keys?: readonly string[]; readonly values: readonly string[] },
): PropertyDecorator {
  const isFit = (map: unknown): boolean =>
    typeof map === 'object' &&
    map !== null &&
    Object.entries(map).length <= WORDS_MAX &&
    Object.entries(map).every(
      ([key, value]) => (keys?.includes(key) ?? key.length <= KEY_CHARACTERS_MAX) && values.includes(value as string),
    );
  const of = keys === undefined ? 'anything' : keys.join(', ');
  const defaultMessage = (): string => `${name} must map ${of} to ${values.join(', ')}`;
  const additionalProperties = { type: 'string', enum: [...values] };
  const page = ApiPropertyOptional({ ...pageOf(name), type: 'object', additionalProperties });
  return together([page, MayBeAbsent(), ValidateBy({ name, validator: { validate: isFit, defaultMessage } })]);
}

const Flag = (name: 'keepTransactions' | 'dryRun'): PropertyDecorator =>
  together([ApiPropertyOptional({ ...pageOf(name), type: 'boolean' }), MayBeAbsent(), IsBoolean()]);

/** Name of an instance; '' = none. */
const InstanceName = (name: 'preferredSelect' | 'preferredLoad'): PropertyDecorator =>
  together([ApiPropertyOptional({ ...pageOf(name), type: 'string' }), MayBeAbsent(), IsString(), MaxLength(128)]);

const together =
  (rules: readonly PropertyDecorator[]): PropertyDecorator =>
  (target, property) => {
    for (const rule of rules) rule(target, property);
  };

/** What may be set of a pipeline's parameters; what is left out keeps its default (or, in a PATCH, its value). */
export class ParametersDto implements Partial<PipelineParameters> {
  @Range('parallelism', 1, PARALLELISM_MAX)
  parallelism?: number;

  @Range('maxRows', 1, 1_000_000)
  maxRows?: number;

  // Above, one process alone would fill the memory of a stage (256 MiB).
  @Range('maxBytes', 16 * KIB, 64 * MIB)
  maxBytes?: number;

  @Range('maxDelayMs', 1, 10_000)
  maxDelayMs?: number;

  @Range('loadBatchRows', 1, 10_000)
  loadBatchRows?: number;

  @Range('cursorMaxAgeMs', 100, 600_000)
  cursorMaxAgeMs?: number;

  @Range('heartbeatMs', 100, 60_000)
  heartbeatMs?: number;

  @Range('retryInPlaceMs', 0, HOUR_MS)
  retryInPlaceMs?: number;

  @Range('processAgeMaxMs', 1_000, 24 * HOUR_MS)
  processAgeMaxMs?: number;

  @Choice('ddl', DDL_POLICIES)
  ddl?: PipelineParameters['ddl'];

  @Words('ddlByKind', { keys: DDL_KINDS, values: DDL_POLICIES })
  ddlByKind?: PipelineParameters['ddlByKind'];

  @Words('ddlDecisions', { values: DDL_DECISIONS })
  ddlDecisions?: PipelineParameters['ddlDecisions'];

  @Choice('applyMode', APPLY_MODES)
  applyMode?: PipelineParameters['applyMode'];

  @Choice('extractPlacement', PLACEMENTS)
  extractPlacement?: PipelineParameters['extractPlacement'];

  @Choice('transformPlacement', PLACEMENTS)
  transformPlacement?: PipelineParameters['transformPlacement'];

  @Choice('priority', PRIORITIES)
  priority?: PipelineParameters['priority'];

  @Choice('failoverMode', FAILOVER_MODES)
  failoverMode?: PipelineParameters['failoverMode'];

  @Choice('failback', FAILBACKS)
  failback?: PipelineParameters['failback'];

  @InstanceName('preferredSelect')
  preferredSelect?: string;

  @InstanceName('preferredLoad')
  preferredLoad?: string;

  @Range('queueAgeMaxMs', 1_000, 24 * HOUR_MS)
  queueAgeMaxMs?: number;

  @Range('stageAgeMaxMs', 1_000, 24 * HOUR_MS)
  stageAgeMaxMs?: number;

  @Range('noProgressMaxMs', 1_000, 24 * HOUR_MS)
  noProgressMaxMs?: number;

  @Range('lanes', 1, LANES_MAX)
  lanes?: number;

  @Range('loadTransactionRows', 1, 1_000_000)
  loadTransactionRows?: number;

  @Range('loadTransactionBytes', 16 * KIB, 64 * MIB)
  loadTransactionBytes?: number;

  @Range('commitTargetMs', 1, 60_000)
  commitTargetMs?: number;

  @Flag('keepTransactions')
  keepTransactions?: boolean;

  @Choice('onPoison', POISON_POLICIES)
  onPoison?: PipelineParameters['onPoison'];

  @Range('poisonTries', 1, 100)
  poisonTries?: number;

  @Choice('noPrimaryKey', NO_KEY_POLICIES)
  noPrimaryKey?: PipelineParameters['noPrimaryKey'];

  @Choice('missingColumn', MISSING_COLUMN_POLICIES)
  missingColumn?: PipelineParameters['missingColumn'];

  @Choice('foreignKeys', FOREIGN_KEY_MODES)
  foreignKeys?: PipelineParameters['foreignKeys'];

  @Flag('dryRun')
  dryRun?: boolean;

  @Range('throttleRowsPerSecond', 0, 10_000_000)
  throttleRowsPerSecond?: number;

  @Range('targetRunningThreadsMax', 0, 100_000)
  targetRunningThreadsMax?: number;

  @Range('targetReplicaLagMaxMs', 0, HOUR_MS)
  targetReplicaLagMaxMs?: number;

  @Range('targetHistoryListMax', 0, 1_000_000_000)
  targetHistoryListMax?: number;
}
