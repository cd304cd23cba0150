import type { ErrorSpec } from './error-spec.ts';

/** What is wrong with rows that stand for groups of source rows, and with mappings that make them. */
export const GROUP_ERRORS = {
  MAPPING_AGGREGATE_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping counts or sums what it cannot',
    workaround:
      'Correct the aggregate of mapping {mapping} as the message says: docs/mapping-rules.md tells what it may be.',
  },
  SOURCE_GROUPS_GONE: {
    scope: 'source',
    class: 'retryable',
    summary: 'A table of the source is gone whose groups are to be read again for a min or max',
    workaround:
      'Lutra goes on by itself once {table} is back at {address} with its columns, as after two renames. If it is gone for good nobody can tell what its groups held: take the mapping out of the pipeline.',
  },
  ROW_GROUP_NULL: {
    scope: 'config',
    class: 'poison',
    summary: 'A row belongs to a group of which a column is NULL, and the key of the target cannot hold NULL',
    workaround:
      "Let the expression of {column} say which group such rows belong to: `region == null ? '' : region`. Then RESTART.",
  },
  TARGET_GROUP_KEY: {
    scope: 'target',
    class: 'configuration',
    summary: 'The key of a table of groups is not the columns that the rows are grouped by',
    workaround: 'Make {columns} the primary key of {table} at the target, these columns and no others, then RESTART.',
  },
  TARGET_GROUP_MISSING: {
    scope: 'target',
    class: 'poison',
    summary: 'Rows left a group that the target does not have, or that counts fewer rows there',
    workaround:
      'The table was not filled with what the source held where the pipeline began, or somebody has changed it. Fill {table} anew as docs/aggregates.md says, then RESTART.',
  },
} as const satisfies Record<string, ErrorSpec>;
