import { linkSignals, SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Processor, ProcessorAnswer, ProcessorRow } from '@lutra/processor';
import { messageOf } from './load-processor.ts';

export interface CallPlace {
  readonly mapping: string;
  readonly processor: string;
}

interface CallOptions extends CallPlace {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What came of one call. */
type Outcome =
  | { readonly kind: 'answers'; readonly answers: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'late' };

/**
 * Asks a processor about rows; one answer, or the error of the row, for each. When the call as a whole goes wrong, halves of it
 * are asked again, so that only the rows which are to blame are refused. Throws PROCESSOR_TIMEOUT, PROCESSOR_UNAVAILABLE, and
 * what `signal` was aborted with.
 */
export async function askProcessor(
  processor: Processor,
  rows: readonly ProcessorRow[],
  options: CallOptions,
): Promise<readonly (ProcessorAnswer | SyncError)[]> {
  const outcome = await called(processor, rows, options);
  options.signal.throwIfAborted();
  if (outcome.kind === 'late') throw tookTooLong(options);
  if (outcome.kind === 'threw' && isRetryLater(outcome.error)) throw unavailable(options, outcome.error);
  const answers = outcome.kind === 'answers' ? outcome.answers : null;
  if (Array.isArray(answers) && answers.length === rows.length)
    return answers.map((answer: unknown) =>
      isAnswer(answer) ? answer : noAnswer(options, 'what it gives is no answer'),
    );
  if (rows.length === 1)
    return [
      outcome.kind === 'threw'
        ? failed(options, outcome.error)
        : noAnswer(options, 'it does not give one answer for one row'),
    ];
  const half = rows.length >> 1;
  const first = await askProcessor(processor, rows.slice(0, half), options);
  return [...first, ...(await askProcessor(processor, rows.slice(half), options))];
}

async function called(
  processor: Processor,
  rows: readonly ProcessorRow[],
  { clock, timeoutMs, signal }: CallOptions,
): Promise<Outcome> {
  const over = new AbortController();
  const { signal: either, unlink } = linkSignals(signal, over.signal);
  try {
    const answers = processor.process(rows, either);
    if (Array.isArray(answers)) return { kind: 'answers', answers };
    const late = clock.sleep(timeoutMs, either).then((): Outcome => ({ kind: 'late' }));
    const given = Promise.resolve(answers).then((value): Outcome => ({ kind: 'answers', answers: value }));
    return await Promise.race([given, late]);
  } catch (error) {
    return { kind: 'threw', error };
  } finally {
    over.abort();
    unlink();
  }
}

/** Opening counts as a call that may be repeated: there are no rows to blame. */
export const unavailable = ({ mapping, processor }: CallPlace, cause: unknown): SyncError =>
  new SyncError(
    'PROCESSOR_UNAVAILABLE',
    {
      problem: `The processor ${processor} of mapping ${mapping} cannot work: ${messageOf(cause)}`,
      mapping,
      processor,
    },
    { cause },
  );

/** The interface may be there twice, in our version and in the package's. */
const isRetryLater = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'RetryLater';

function isAnswer(answer: unknown): answer is ProcessorAnswer {
  if (typeof answer !== 'object' || answer === null) return false;
  const { kind, values, reason } = answer as Partial<Record<string, unknown>>;
  if (kind === 'row') return typeof values === 'object' && values !== null;
  return kind === 'dropped' || (kind === 'refused' && typeof reason === 'string');
}

function tookTooLong({ mapping, processor, timeoutMs }: CallOptions): SyncError {
  const problem = `The processor ${processor} of mapping ${mapping} took more than ${timeoutMs} ms`;
  return new SyncError('PROCESSOR_TIMEOUT', { problem, mapping, processor, timeoutMs });
}

/** What it threw may hold values of the row: it is only the cause. */
function failed({ mapping, processor }: CallPlace, error: unknown): SyncError {
  const problem = `The processor ${processor} of mapping ${mapping} threw an error`;
  return new SyncError('ROW_PROCESSOR_FAILED', { problem, mapping, processor }, { cause: new Error(messageOf(error)) });
}

/** `what`: a sentence's end. */
export function noAnswer({ mapping, processor }: CallPlace, what: string): SyncError {
  const problem = `The processor ${processor} of mapping ${mapping} does not answer as it should: ${what}`;
  return new SyncError('ROW_PROCESSOR_RESULT', { problem, mapping, processor });
}
