import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { ProcessorEnv } from '@lutra/service-kit';

const MIB = 1024 * 1024;

/** Environment of extract. */
export class ExtractEnv extends ProcessorEnv {
  /** Largest image of one row, as select has it: what a compressed event may grow to is twice as much. */
  @Type(() => Number)
  @IsInt()
  @Min(MIB)
  @Max(1024 * MIB)
  LUTRA_MAX_ROW_BYTES = 65 * MIB;
}
