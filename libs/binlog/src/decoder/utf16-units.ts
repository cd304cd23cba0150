const SCRATCH_UNITS = 4_096;
const scratch = Buffer.alloc(2 * SCRATCH_UNITS);

/**
 * Room for the UTF-16 units (little-endian) of `bytes` encoded bytes: no charset has characters that take more units than
 * bytes. Short values share one buffer, so it is only good until the next call.
 */
export const roomForUnits = (bytes: number): Buffer =>
  bytes > SCRATCH_UNITS ? Buffer.allocUnsafe(2 * bytes) : scratch;
