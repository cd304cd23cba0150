import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { BaseEnv } from '@lutra/service-kit';

/** Environment of load. */
export class LoadEnv extends BaseEnv {
  /** Longest time that one packet of statements may take at the target before the session counts as lost. Raise it for very slow targets. */
  @Type(() => Number)
  @IsInt()
  @Min(15_000)
  @Max(3_600_000)
  LUTRA_STATEMENT_TIMEOUT_MS = 120_000;
}
