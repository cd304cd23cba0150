import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';
import { StageEnv } from './stage.env.ts';

/** Names as libs/mapping takes them, which alone decides what is loaded. */
export const PROCESSOR_LIST = /^(?:[a-z0-9@~-][a-z0-9@/._~-]*(?:,[a-z0-9@~-][a-z0-9@/._~-]*)*)?$/;
export const PROCESSOR_LIST_PROBLEM = { message: '$property must be a comma-separated list of names of npm packages' };

/** Environment of the stages that run processors of packages. */
export class ProcessorEnv extends StageEnv {
  /**
   * Packages whose processors mappings may use, comma-separated, such as '@acme/lutra-phone-number': the same for all instances
   * of extract, transform and manager. They run as the service does (docs/processors.md). Empty = none.
   */
  @Matches(PROCESSOR_LIST, PROCESSOR_LIST_PROBLEM)
  LUTRA_PROCESSORS = '';

  /** What a processor may take for the rows that it is given together; then the pipeline tries again. */
  @Type(() => Number)
  @IsInt()
  @Min(100)
  @Max(600_000)
  LUTRA_PROCESSOR_TIMEOUT_MS = 10_000;
}
