import { SyncError } from '@lutra/model';

/** Bytes that the server itself could not convert to Unicode. */
export function invalidText(charset: string): SyncError {
  const problem = `A column of charset ${charset} holds bytes that are no text in it`;
  return new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, type: charset, charset });
}
