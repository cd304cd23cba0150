import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { ERRORS, SyncError } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';
import type { RunbookLinks } from '../runbook/runbook-links.ts';
import { problemOf } from './problem.ts';

const RETRY_AFTER_S = '2';

/** Turns whatever a request ended with into a problem document. The only place that knows HTTP status codes of errors. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Logger,
    private readonly links: RunbookLinks,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const { error, status } = classify(thrown);
    if (status === 500) this.log.error({ err: thrown, code: error.code }, 'request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 503) response.setHeader('retry-after', RETRY_AFTER_S);
    if (status === 429) response.setHeader('retry-after', String(error.details['retryAfterS']));
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    response.statusCode = status;
    response.setHeader('content-type', 'application/problem+json');
    response.end(JSON.stringify(problemOf(error, status, this.links)));
  }
}

function classify(thrown: unknown): { readonly error: SyncError; readonly status: number } {
  if (thrown instanceof HttpException) return ofFramework(thrown);
  const error = SyncError.of(thrown);
  return { error, status: statusOf(error) };
}

function statusOf(error: SyncError): number {
  const status = statusOfCode(error.code);
  return status === 409 && error.details['ifMatch'] !== undefined ? 412 : status;
}

/** The HTTP status of an error. A lost race over a version (If-Match) is a 412 instead of its 409. */
export function statusOfCode(code: ErrorCode): number {
  return STATUS[code] ?? (ERRORS[code].class === 'retryable' ? 503 : 500);
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  REQUEST_UNAUTHORIZED: 401,
  REQUEST_FORBIDDEN: 403,
  LOGIN_FAILED: 401,
  LOGIN_BLOCKED: 429,
  RESOURCE_NOT_FOUND: 404,
  RESOURCE_CONFLICT: 409,
  ROW_NOT_MAPPED: 409,
  INSTANCE_NOT_ELIGIBLE: 409,
  DATA_SOURCE_UNSUPPORTED: 422,
  PIPELINE_PRECHECK_FAILED: 409,
  PIPELINE_SOURCE_UNSUPPORTED: 422,
  PIPELINE_TARGET_UNSUPPORTED: 422,
  MAPPING_REGEX_INVALID: 422,
  MAPPING_REGEX_UNSAFE: 422,
  MAPPING_RESERVED_SCHEMA: 422,
  MAPPING_TARGET_COLLISION: 422,
  MAPPING_COLUMN_UNKNOWN: 422,
  MAPPING_COLUMN_TWICE: 422,
  MAPPING_AGGREGATE_INVALID: 422,
  MAPPING_EXPRESSION_INVALID: 422,
  MAPPING_LOOKUP_INVALID: 422,
  MAPPING_SCRIPT_INVALID: 422,
  MAPPING_STEP_INVALID: 422,
  MAPPING_LOOP: 422,
  MAPPING_POLICY_CONFLICT: 422,
  RESYNC_REFUSED: 422,
  PROCESSOR_NOT_ALLOWED: 422,
  PROCESSOR_NOT_LOADED: 422,
  PROCESSOR_SETTINGS_INVALID: 422,
  SECRET_REFERENCE_MISSING: 422,
  SECRET_REFERENCE_REFUSED: 422,
  CONFIRMATION_MISSING: 409,
  SOURCE_LOST_TRANSACTIONS: 409,
  SOURCE_POSITION_PURGED: 409,
  SOURCE_POSITION_UNKNOWN: 409,
  SOURCE_SERVER_CHANGED: 409,
  TARGET_CHECKPOINT_MISSING: 409,
  TARGET_FENCED: 409,
  // Of routes that ask a source or a target: what is wrong there is not the client's fault.
  SOURCE_ACCESS_DENIED: 502,
  SOURCE_BINLOG_FORMAT: 502,
  SOURCE_BINLOG_OFF: 502,
  SOURCE_EVENT_CORRUPT: 502,
  SOURCE_EVENT_TOO_LARGE: 502,
  SOURCE_EVENT_UNSUPPORTED: 502,
  SOURCE_GRANT_MISSING: 502,
  SOURCE_RESYNC_UNAVAILABLE: 409,
  SOURCE_SCHEMA_MISMATCH: 502,
  SOURCE_TLS_REFUSED: 502,
  TARGET_ACCESS_DENIED: 502,
  TARGET_GRANT_MISSING: 502,
  STORE_ACCESS_DENIED: 503,
};

/** Of requests that have no form that the address takes. */
const SENTENCES: Readonly<Record<number, string>> = {
  405: 'The address does not take this method: the header Allow names those that it takes',
  406: 'The answer cannot be given in a type that the request accepts',
  415: 'The body is of a type that the address does not take',
};

/** What NestJS and its body parser say themselves. Their words are not passed on: a parser's message repeats the body, and with it a password. */
function ofFramework(thrown: HttpException): { readonly error: SyncError; readonly status: number } {
  const status = thrown.getStatus();
  const options = { cause: thrown };
  switch (status) {
    case 404:
      return {
        status,
        error: new SyncError('RESOURCE_NOT_FOUND', { problem: 'There is nothing at this address' }, options),
      };
    case 413:
      return { status, error: new SyncError('REQUEST_INVALID', { problem: 'The body is too large' }, options) };
    case 400:
      return {
        status,
        error: new SyncError(
          'REQUEST_INVALID',
          { problem: 'The body is not valid JSON, or the address is not valid' },
          options,
        ),
      };
    default:
      if (status < 500) {
        const problem = SENTENCES[status] ?? 'The request cannot be handled';
        return { status, error: new SyncError('REQUEST_INVALID', { problem }, options) };
      }
      return { status, error: SyncError.of(thrown) };
  }
}
