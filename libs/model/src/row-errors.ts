import type { ErrorSpec } from './error-spec.ts';
import { PROCESSOR_ERRORS } from './processor-errors.ts';

/** What is wrong with a row that a mapping is to be applied to. Its values are never named. */
export const ROW_ERRORS = {
  ...PROCESSOR_ERRORS,
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
  ROW_IMAGE_PARTIAL: {
    scope: 'config',
    class: 'poison',
    summary: 'The log does not hold a column of a row that the rules of a mapping need',
    workaround:
      'Set binlog_row_image = FULL at the source: {mapping} can only tell by {column} which rows of {table} it takes, before the change as well as after it. Then RESTART.',
  },
  ROW_ROUTE_UNKNOWN: {
    scope: 'config',
    class: 'poison',
    summary: 'The route of a mapping gives a table that the mapping does not list',
    workaround: 'Add the table to the route of {mapping}, or let its expression give another name. Then RESTART.',
  },
  ROW_LOOKUP_MISSING: {
    scope: 'config',
    class: 'poison',
    summary: 'A look-up that says fail finds no row',
    workaround:
      'Add the row that look-up {lookup} of mapping {mapping} is to find for rows of {table}, or let it say missing = null. Then RESTART.',
  },
  ROW_LOOKUP_SEVERAL: {
    scope: 'config',
    class: 'poison',
    summary: 'A look-up finds more than one row',
    workaround:
      'Let the key of look-up {lookup} of mapping {mapping} have all columns of a unique index, or remove what is there twice. Then RESTART.',
  },
  ROW_TOO_LARGE: {
    scope: 'config',
    class: 'poison',
    summary: 'A row would become more rows, or larger ones, than one row may',
    workaround:
      'Let {mapping} leave out large columns, first of all the one that holds the elements, or those of a look-up; or correct the row at the source. Then RESTART.',
  },
  ROW_SCRIPT_FAILED: {
    scope: 'config',
    class: 'poison',
    summary: 'The script of a mapping threw an error',
    workaround:
      'Correct the script of mapping {mapping} (the preview of the mapping shows the whole message), or the row at the source. Then RESTART.',
  },
  ROW_SCRIPT_TIME: {
    scope: 'config',
    class: 'poison',
    summary: 'The script of a mapping took too long for a row',
    workaround: 'Mend what makes the script of mapping {mapping} slow for this row, or raise its timeMs. Then RESTART.',
  },
  ROW_SCRIPT_MEMORY: {
    scope: 'config',
    class: 'poison',
    summary: 'The script of a mapping needed too much memory for a row',
    workaround:
      'Let the script of mapping {mapping} hold less at a time, or raise its memoryBytes: what it reads of a row counts some five times. Then RESTART.',
  },
  ROW_SCRIPT_RESULT: {
    scope: 'config',
    class: 'poison',
    summary: 'The script of a mapping does not return rows of its table',
    workaround:
      'Let transform of mapping {mapping} return an object with columns of the row, an array of such, or null; columns that the row does not have are named in the columns of the script. Then RESTART.',
  },
  ROW_SCRIPT_VALUE: {
    scope: 'config',
    class: 'poison',
    summary: 'The script of a mapping gives a value that is not of its column',
    workaround: 'Let the script of mapping {mapping} give for {column}: {expected}. Then RESTART.',
  },
  ROW_PROCESSOR_FAILED: {
    scope: 'config',
    class: 'poison',
    summary: 'A processor of a mapping threw an error',
    workaround:
      'Correct the row at the source, or the package of {processor}: its cause says what it threw. Then RESTART.',
  },
  ROW_PROCESSOR_REFUSED: {
    scope: 'config',
    class: 'poison',
    summary: 'A processor of a mapping refuses a row',
    workaround: 'Correct the row at the source, or the settings of {processor}. Then RESTART.',
  },
  ROW_PROCESSOR_RESULT: {
    scope: 'config',
    class: 'poison',
    summary: 'A processor of a mapping does not answer as the interface asks',
    workaround:
      'Correct the package of {processor}: one answer per row, with columns of the table or declared ones. Then RESTART.',
  },
  ROW_PROCESSOR_VALUE: {
    scope: 'config',
    class: 'poison',
    summary: 'A processor of a mapping gives a value that is not of its column',
    workaround: 'Let {processor} give for {column}: {expected}. Then RESTART.',
  },
  ROW_DIVISION_BY_ZERO: {
    scope: 'config',
    class: 'poison',
    summary: 'An expression of a mapping divides by zero',
    workaround:
      'Let the expression of {column} say what becomes of a zero: `x == 0 ? null : y / x`. Or correct the row at the source. Then RESTART.',
  },
  ROW_VALUE_OVERFLOW: {
    scope: 'config',
    class: 'poison',
    summary: 'An expression of a mapping gives a number or a date that its type cannot hold',
    workaround:
      'Let the expression of {column} compute with a wider type, decimal(…) or double(…), or correct the row at the source. Then RESTART.',
  },
  ROW_VALUE_TOO_LARGE: {
    scope: 'config',
    class: 'poison',
    summary: 'A text is larger than an expression of a mapping makes or looks at',
    workaround: 'Let the expression of {column} take a part of it: substring(x, 0, 1000). Then RESTART.',
  },
  ROW_REFUSED: {
    scope: 'config',
    class: 'poison',
    summary: 'A mapping refuses a row for a reason that only a newer release can tell',
    workaround: 'Bring all services to one release, or correct the mapping that the message names. Then RESTART.',
  },
  ROW_NOT_MAPPED: {
    scope: 'config',
    class: 'poison',
    summary: 'A dead letter holds no row that could be written, because the mapping had refused it',
    workaround:
      'Retrying alone never settles it. Say what the columns {columns} are to be (PATCH dead-letters/<id>); or discard it. Or mend the mapping, have the row read again (write it once more at the source, or rewind), and then discard it.',
  },
} as const satisfies Record<string, ErrorSpec>;
