import type { ErrorSpec } from './error-spec.ts';

/** Packages that change rows: docs/processors.md. */
export const PROCESSOR_ERRORS = {
  PROCESSOR_NOT_ALLOWED: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping names a processor that the installation does not allow',
    workaround:
      'Add {processor} to LUTRA_PROCESSORS of all extract, transform and manager instances and start them again; or take it out of the mapping. Then RESTART.',
  },
  PROCESSOR_NOT_LOADED: {
    scope: 'config',
    class: 'configuration',
    summary: 'A processor is allowed, and its package cannot be loaded',
    workaround:
      'Install the package of {processor} where Lutra is installed, in a version that exports a processor of an interface that this release knows, and start the services again. Then RESTART.',
  },
  PROCESSOR_SETTINGS_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'The settings of a processor are not what its package asks for',
    workaround: 'Correct the settings of {processor} in the mapping as the message says. Then RESTART.',
  },
  PROCESSOR_NOT_FITTING: {
    scope: 'config',
    class: 'configuration',
    summary: 'A processor cannot be used for a table',
    workaround:
      'Correct the settings of {processor}, or the mapping, so that the table has what the processor needs. Then RESTART.',
  },
  PROCESSOR_MAPPINGS_DIFFER: {
    scope: 'config',
    class: 'configuration',
    summary: 'Mappings of one table name different processors of extract',
    workaround:
      'Give all mappings that cover {table} the same processors of extract, in the same order and with the same settings: its rows are made once for all of them. Then RESTART.',
  },
  PROCESSOR_TIMEOUT: {
    scope: 'config',
    class: 'retryable',
    summary: 'A processor took too long for the rows that it was given',
    workaround:
      'The pipeline tries again. When it goes on: see what {processor} waits for, or raise LUTRA_PROCESSOR_TIMEOUT_MS.',
  },
  PROCESSOR_UNAVAILABLE: {
    scope: 'config',
    class: 'retryable',
    summary: 'A processor cannot work at the moment',
    workaround: 'The pipeline tries again. See what {processor} needs: the cause says what it reports.',
  },
} as const satisfies Record<string, ErrorSpec>;
