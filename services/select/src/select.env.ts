import { BaseEnv } from '@lutra/service-kit';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

const MIB = 1024 * 1024;

/** Environment of select. */
export class SelectEnv extends BaseEnv {
  /** Largest image of one row: 64 MiB for a value and 1 MiB for the rest. Later stages hold a row twice (before, after). */
  @Type(() => Number)
  @IsInt()
  @Min(MIB)
  @Max(1024 * MIB)
  LUTRA_MAX_ROW_BYTES = 65 * MIB;
}
