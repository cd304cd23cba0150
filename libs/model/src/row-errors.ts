import type { ErrorSpec } from './error-spec.ts';

/** What is wrong with a row that a mapping is to be applied to. Its values are never named. */
export const ROW_ERRORS = {
  ROW_VALUE_LOST: {
    scope: 'config',
    class: 'poison',
    summary: 'A value does not fit the type that a mapping converts it to',
    workaround:
      'Let the step of column {column} convert to a wider type, or choose another onLoss than fail: clamp, truncate or null. Then RESTART.',
  },
  ROW_VALUE_UNKNOWN: {
    scope: 'config',
    class: 'poison',
    summary: 'A value is not among the entries of a map, and the map says fail',
    workaround: 'Add the value to the entries for column {column}, or say what becomes of others. Then RESTART.',
  },
  ROW_VALUE_INVALID: {
    scope: 'config',
    class: 'poison',
    summary: 'A value is not what a mapping takes it for: no number, no date, broken JSON, no text of its charset',
    workaround:
      'Correct the row at the source, or the step of column {column}: what it is told to read is not what the rows hold. With onLoss = null such values become NULL. Then RESTART.',
  },
} as const satisfies Record<string, ErrorSpec>;
