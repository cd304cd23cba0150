import type { ErrorSpec } from './error-spec.ts';
import { GROUP_ERRORS } from './group-errors.ts';

/** What is wrong with a mapping. */
export const MAPPING_ERRORS = {
  ...GROUP_ERRORS,
  MAPPING_REGEX_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping has a regular expression that does not compile',
    workaround: 'Correct the expression {regex}.',
  },
  MAPPING_REGEX_UNSAFE: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping has a regular expression that some names would keep busy for very long',
    workaround:
      'Write {regex} so that a name matches in one way only: no repeats inside of repeats, and no choices that begin alike under a repeat.',
  },
  MAPPING_TARGET_COLLISION: {
    scope: 'config',
    class: 'configuration',
    summary: 'Two mappings write one target table and their keys would collide',
    workaround: 'Give each mapping its own target table.',
  },
  MAPPING_RESERVED_SCHEMA: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping names a schema that Lutra or the server keeps for itself',
    workaround: 'Choose a schema other than lutra, retl, mysql, sys, information_schema and performance_schema.',
  },
  MAPPING_COLUMN_UNKNOWN: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping names a source column that does not exist',
    workaround: 'Correct the column {column} of the mapping.',
  },
  MAPPING_COLUMN_TWICE: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping gives two columns of a table one name at the target',
    workaround: 'Rename one of the columns {column} of {table} to another name, or leave one out.',
  },
  MAPPING_LOOP: {
    scope: 'config',
    class: 'configuration',
    summary: 'Rows that a mapping writes would be read again by a mapping and go round for ever',
    workaround: 'Choose a target that no pipeline copies back to the source of this mapping.',
  },
  MAPPING_POLICY_CONFLICT: {
    scope: 'config',
    class: 'configuration',
    summary: 'Two mappings write one target table and differ in their policies',
    workaround: 'Give both mappings the same onConflict and weight, or let their expressions not meet.',
  },
  MAPPING_EXPRESSION_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping has an expression that does not compile',
    workaround: 'Correct the expression of {field} at position {position}: docs/expressions.md tells the language.',
  },
  MAPPING_STEP_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping has a computed column that cannot be made of what it is given',
    workaround: 'Correct the column {column} of the mapping.',
  },
  MAPPING_LOOKUP_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping has a look-up that cannot be made',
    workaround:
      'Correct the look-up {lookup} of mapping {mapping}: its table and columns have to be there, the user of the data source has to have SELECT on them, and each key column has to be compared with a value of its own kind.',
  },
  MAPPING_SCRIPT_INVALID: {
    scope: 'config',
    class: 'configuration',
    summary: 'A mapping has a script that does not compile',
    workaround:
      'Correct the script of mapping {mapping} at line {line}, column {column}: docs/scripts.md tells what it has to be.',
  },
  MAPPING_COLUMN_ADDED: {
    scope: 'config',
    class: 'configuration',
    summary: 'A column appeared at the source, and schemaEvolution is fail',
    workaround:
      'Decide about {columns} of {table}: leave it out of the mapping (mode except), or set schemaEvolution to add or ignore, then RESTART. Or change the target yourself and go on without the statement: PATCH pipelines/<id> with {"parameters":{"ddlDecisions":{"{transaction}":"skip"}}}, then RESTART.',
  },
} as const satisfies Record<string, ErrorSpec>;
