import { SyncError } from '@lutra/model';
import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

const CONSUMER_NOT_FOUND = 10014;
const NO_MESSAGE = 10037;
const STORAGE_INSUFFICIENT = 10047;
/** Deletion of one message; the text says why. */
const DELETE_FAILED = 10057;
const NO_MESSAGE_TEXT = /no message found/;
const STREAM_NAME_IN_USE = 10058;
const STREAM_NOT_FOUND = 10059;
const SUBJECTS_OVERLAP = 10065;
const WRONG_LAST_SEQUENCE = 10071;
/** What the server's operating system says of a stream's file or folder that is gone. */
const FILES_LOST_TEXT = /no such file or directory/;
/** A full stream and a broken disk have the same number (10077): the text tells them apart. */
const LIMIT_TEXT = /maximum (bytes|messages|messages per subject) exceeded/;

/** Stream, bucket or consumer is not there: nobody answers, or JetStream says so. */
export const isMissing = (error: unknown): boolean =>
  error instanceof errors.NoRespondersError ||
  (error instanceof errors.RequestError && error.isNoResponders()) ||
  // What the client makes of silence on a JetStream subject.
  (error instanceof Error && error.name === 'JetStreamNotEnabled') ||
  hasCode(error, STREAM_NOT_FOUND, CONSUMER_NOT_FOUND);

export const isNoMessage = (error: unknown): boolean =>
  hasCode(error, NO_MESSAGE) || (hasCode(error, DELETE_FAILED) && NO_MESSAGE_TEXT.test((error as Error).message));

export const isStorageInsufficient = (error: unknown): boolean => hasCode(error, STORAGE_INSUFFICIENT);

/** The stream exists with another configuration. */
export const isOtherwiseConfigured = (error: unknown): boolean => hasCode(error, STREAM_NAME_IN_USE);

/** Another stream has the subjects, or another instance is creating this very stream: the next try tells which. */
export const isOverlapping = (error: unknown): boolean => hasCode(error, SUBJECTS_OVERLAP);

/** Somebody has written the subject since the sequence that the publisher named. */
export const isOvertaken = (error: unknown): boolean => hasCode(error, WRONG_LAST_SEQUENCE);

export const isFull = (error: unknown): boolean => error instanceof JetStreamApiError && LIMIT_TEXT.test(error.message);

/** The stream exists, its files do not: it will never store anything again. */
export const isFilesLost = (error: unknown): boolean =>
  error instanceof JetStreamApiError && FILES_LOST_TEXT.test(error.message);

/** Worth another try on the same connection: no answer in time, or the connection is being made anew. */
export const isPassing = (error: unknown): boolean =>
  isMissing(error) ||
  error instanceof errors.TimeoutError ||
  error instanceof errors.ConnectionError ||
  error instanceof errors.RequestError ||
  (error instanceof JetStreamApiError && error.status === 503 && !isFull(error));

/** Any error of the client as a SyncError; the address says which server. */
export function natsFailure(error: unknown, address: string): SyncError {
  if (SyncError.is(error)) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  if (isFull(cause) || isStorageInsufficient(cause))
    return new SyncError('BUS_STREAM_FULL', { problem: `A stream of NATS is full: ${cause.message}` }, { cause });
  const isGone = cause instanceof errors.ClosedConnectionError || cause instanceof errors.DrainingConnectionError;
  if (isPassing(cause) || isGone) return unreachable(cause, address);
  return new SyncError('INTERNAL', { problem: `NATS at ${address}: ${cause.message}`, address }, { cause });
}

/** No connection, whatever the reason: a wrong password counts too, it may be in the middle of a change. */
export function unreachable(cause: unknown, address: string): SyncError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SyncError(
    'BUS_UNREACHABLE',
    { problem: `NATS at ${address} does not answer: ${reason}`, address },
    { cause },
  );
}

const hasCode = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof JetStreamApiError && codes.includes(error.code);
