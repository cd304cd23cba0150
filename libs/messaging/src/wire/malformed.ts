import { SyncError } from '@lutra/model';

/** The error for bytes that do not follow the layout; `problem` names what was expected. */
export const malformed = (problem: string, cause?: unknown): SyncError =>
  new SyncError('MESSAGING_MALFORMED_BODY', { problem: `A message cannot be decoded: ${problem}` }, { cause });

/** Runs a decoder; whatever damaged bytes make it throw (a range error, a type error) leaves as MESSAGING_MALFORMED_BODY. */
export function decodeSafely<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw SyncError.is(cause) ? cause : malformed(what, cause);
  }
}
