import type { ErrorSpec } from './error-spec.ts';

/** Failures of NATS and of what travels through it. Part of the catalogue in errors.ts. */
export const BUS_ERRORS = {
  BUS_UNREACHABLE: {
    scope: 'bus',
    class: 'retryable',
    summary: 'NATS cannot be reached',
    workaround: 'Check that the NATS server at {address} runs; Lutra waits and goes on.',
  },
  BUS_STREAM_FULL: {
    scope: 'bus',
    class: 'retryable',
    summary: 'A stream has reached its limit',
    workaround: 'A later stage does not keep up or stands still; select waits until there is room.',
  },
  BUS_STREAM_BROKEN: {
    scope: 'bus',
    class: 'retryable',
    summary: 'A stream of NATS exists and does not work',
    workaround:
      'Nothing to do where the message says that it was made anew: what it held is selected again from the binary log. ' +
      'Otherwise delete the stream that it names (`nats stream rm`); Lutra makes it anew.',
  },
  BUS_BODY_MISSING: {
    scope: 'bus',
    class: 'retryable',
    summary: 'A part of a process body is no longer in LUTRA_BODIES',
    workaround: 'Nothing to do: the work is selected again from the binary log.',
  },
  BUS_PROCESS_GAP: {
    scope: 'bus',
    class: 'retryable',
    summary: 'A process has disappeared between select and load',
    workaround: 'Nothing to do: the work is selected again from the binary log.',
  },
  BUS_REDELIVERED_TOO_OFTEN: {
    scope: 'bus',
    class: 'poison',
    summary: 'A process was delivered more than three times without being finished',
    workaround: 'An instance dies or hangs over it: read the log of the stage, then RESTART.',
  },
  MESSAGING_UNKNOWN_SCHEMA: {
    scope: 'bus',
    class: 'internal',
    summary: 'A message has a schema version that this service does not know',
    workaround: 'Bring all services to the same version.',
  },
  MESSAGING_MALFORMED_BODY: {
    scope: 'bus',
    class: 'internal',
    summary: 'The body of a message cannot be decoded',
    workaround: 'RESTART selects the work again; if it repeats, report it.',
  },
} as const satisfies Record<string, ErrorSpec>;
