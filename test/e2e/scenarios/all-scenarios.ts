import type { DatabaseKind } from '@lutra/model';
import { COLUMN_TYPES } from './column-types.ts';
import { CASCADES, FOREIGN_KEYS } from './foreign-keys.ts';
import { KEY_LESS } from './key-less.ts';
import { KEYS } from './keys.ts';
import { ODD_DATES } from './odd-dates.ts';
import type { Scenario } from './scenario.ts';
import { SESSIONS } from './sessions.ts';
import { STATEMENTS } from './statements.ts';
import { TABLES } from './tables.ts';
import { TRANSACTIONS } from './transactions.ts';
import { UNIQUE_VALUES } from './unique-values.ts';

/** Every scenario, in the order in which they run. */
export const ALL_SCENARIOS: readonly Scenario[] = [
  ...COLUMN_TYPES,
  ...ODD_DATES,
  ...KEYS,
  ...KEY_LESS,
  ...UNIQUE_VALUES,
  ...STATEMENTS,
  ...TRANSACTIONS,
  ...SESSIONS,
  ...TABLES,
  ...FOREIGN_KEYS,
  ...CASCADES,
];

/** Those that a kind of server understands. */
export const scenariosFor = (kind: DatabaseKind): readonly Scenario[] =>
  ALL_SCENARIOS.filter(({ only }) => only === undefined || only === kind);
