import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { BaseEnv } from './base.env.ts';

/** Environment of the stages that take processes from a work queue (extract, transform). */
export class StageEnv extends BaseEnv {
  /** Processes that one instance works on at once. More helps only while a process waits for I/O; scale by instances. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(64)
  LUTRA_STAGE_CONCURRENCY = 2;
}
