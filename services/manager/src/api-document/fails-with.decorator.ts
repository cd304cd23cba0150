import { ApiExtension } from '@nestjs/swagger';
import type { ErrorCode } from '@lutra/model';

/** Codes that a route may answer with, besides those that every route of its kind has. */
export const ERRORS_EXTENSION = 'x-lutra-errors';

/** Of everything that makes a revision: what a definition may be refused for. */
export const OF_DEFINITIONS = [
  'RESOURCE_CONFLICT',
  'DATA_SOURCE_UNSUPPORTED',
  'PIPELINE_SOURCE_UNSUPPORTED',
  'PIPELINE_TARGET_UNSUPPORTED',
  'MAPPING_COLUMN_UNKNOWN',
  'MAPPING_AGGREGATE_INVALID',
  'MAPPING_EXPRESSION_INVALID',
  'MAPPING_LOOKUP_INVALID',
  'MAPPING_LOOP',
  'MAPPING_POLICY_CONFLICT',
  'MAPPING_REGEX_INVALID',
  'MAPPING_REGEX_UNSAFE',
  'MAPPING_RESERVED_SCHEMA',
  'MAPPING_SCRIPT_INVALID',
  'MAPPING_STEP_INVALID',
  'MAPPING_TARGET_COLLISION',
  'PROCESSOR_NOT_ALLOWED',
  'PROCESSOR_NOT_LOADED',
  'PROCESSOR_SETTINGS_INVALID',
  'CONFIRMATION_MISSING',
] as const satisfies readonly ErrorCode[];

/** Of everything that opens a secret which was kept: it stands elsewhere now, or no key opens it. */
const OF_SECRETS = ['CONFIG_ENV_INVALID', 'SECRET_REFERENCE_MISSING', 'SECRET_REFERENCE_REFUSED'] as const;

/** Of everything that asks a database of a pipeline. */
export const OF_DATABASES = [
  ...OF_SECRETS,
  'TARGET_UNREACHABLE',
  'TARGET_CONNECTION_LOST',
  'TARGET_BUSY',
  'TARGET_ACCESS_DENIED',
  'TARGET_GRANT_MISSING',
] as const satisfies readonly ErrorCode[];

/** Of everything that reads a source's log. */
export const OF_SOURCES = [
  ...OF_SECRETS,
  'SOURCE_UNREACHABLE',
  'SOURCE_CONNECTION_LOST',
  'SOURCE_ACCESS_DENIED',
  'SOURCE_BINLOG_FORMAT',
  'SOURCE_BINLOG_OFF',
  'SOURCE_EVENT_CORRUPT',
  'SOURCE_EVENT_TOO_LARGE',
  'SOURCE_EVENT_UNSUPPORTED',
  'SOURCE_GRANT_MISSING',
  'SOURCE_LOST_TRANSACTIONS',
  'SOURCE_POSITION_PURGED',
  'SOURCE_POSITION_UNKNOWN',
  'SOURCE_SERVER_CHANGED',
  'SOURCE_TLS_REFUSED',
] as const satisfies readonly ErrorCode[];

/** Of everything that asks NATS or ZooKeeper. */
export const OF_THE_CLUSTER = ['BUS_UNREACHABLE', 'COORDINATION_UNREACHABLE'] as const satisfies readonly ErrorCode[];

/** Names what may go wrong in this route and not in every route. */
export const FailsWith = (...codes: readonly ErrorCode[]): MethodDecorator => ApiExtension(ERRORS_EXTENSION, codes);
