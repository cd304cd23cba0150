import { Type } from 'class-transformer';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { BaseEnv } from '@lutra/service-kit';

/** Environment of load. */
export class LoadEnv extends BaseEnv {
  /** Longest time that one packet of statements may take at the target before the session counts as lost. Raise it for very slow targets. */
  @Type(() => Number)
  @IsInt()
  @Min(15_000)
  @Max(3_600_000)
  LUTRA_STATEMENT_TIMEOUT_MS = 120_000;

  /**
   * Inserts of many rows go to MariaDB in bulk, which costs the target a third less than text: `auto` = from so many rows on
   * that it pays (32, or more where the target is far away), and to releases that do not lose such rows where triggers fire
   * (10.5.27, 10.6.20, 10.11.10, 11.4.4 and later of each series, 11.7); `always` = all of them, to any release; `never` = as
   * text, for instance when something between load and the target does not pass it on.
   */
  @IsIn(['auto', 'always', 'never'])
  LUTRA_TARGET_BULK: 'auto' | 'always' | 'never' = 'auto';
}
