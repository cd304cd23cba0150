import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { DEFAULT_PARAMETERS, PARALLELISM_MAX } from '@lutra/model';
import type { PipelineParameters } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;
const DDL: readonly PipelineParameters['ddl'][] = ['fail', 'skip'];

/** A whole number of a range, with its default in the API page. */
function Range(name: keyof PipelineParameters, min: number, max: number): PropertyDecorator {
  const rules = [
    ApiPropertyOptional({ type: 'integer', minimum: min, maximum: max, default: DEFAULT_PARAMETERS[name] }),
    MayBeAbsent(),
    IsInt(),
    Min(min),
    Max(max),
  ];
  return (target, property) => {
    for (const rule of rules) rule(target, property);
  };
}

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

  @ApiPropertyOptional({ enum: DDL, default: DEFAULT_PARAMETERS.ddl })
  @MayBeAbsent()
  @IsIn(DDL)
  ddl?: PipelineParameters['ddl'];
}
