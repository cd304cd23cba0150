import { STATUS_CODES } from 'node:http';
import { anchorOf, ERRORS } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';
import { statusOfCode } from '../http/problem.filter.ts';
import { refTo } from './api-document.ts';
import type { Answer, Operation } from './api-document.ts';
import { ERRORS_EXTENSION } from './fails-with.decorator.ts';

/** What any route may answer: its own fault, or its store's. */
const OF_ALL: readonly ErrorCode[] = [
  'REQUEST_INVALID',
  'INTERNAL',
  'STORE_UNREACHABLE',
  'STORE_BUSY',
  'STORE_ACCESS_DENIED',
];
const PRECONDITION_FAILED = 412;
/** Of every address: another method, nothing acceptable, too much, or no JSON. */
const OF_REQUESTS = [405, 406];
const OF_BODIES = [413, 415];

export interface ErrorAnswer {
  /** Status and codes: the same wherever the answer is the same. */
  readonly name: string;
  readonly answer: Answer;
}

/** The error answers of a route, by status, each with the codes that it may carry. */
export function errorAnswersOf(
  operation: Omit<Operation, 'responses'>,
  role: unknown,
): Readonly<Record<string, ErrorAnswer>> {
  const own = (operation[ERRORS_EXTENSION] ?? []) as readonly ErrorCode[];
  const has = (place: string, name?: string): boolean =>
    operation.parameters.some((one) => one.in === place && (name === undefined || one.name === name));
  const codes: ErrorCode[] = [...OF_ALL, ...own];
  if (role !== 'anybody') codes.push('REQUEST_UNAUTHORIZED', 'REQUEST_FORBIDDEN');
  if (has('path')) codes.push('RESOURCE_NOT_FOUND');
  const pairs = codes.map((code) => [statusOfCode(code), code] as const);
  if (has('header', 'If-Match')) pairs.push([PRECONDITION_FAILED, 'RESOURCE_CONFLICT']);
  for (const status of [...OF_REQUESTS, ...(operation.requestBody === undefined ? [] : OF_BODIES)])
    pairs.push([status, 'REQUEST_INVALID']);
  const statuses = [...new Set(pairs.map(([status]) => status))].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const here = [...new Set(pairs.filter(([of]) => of === status).map(([, code]) => code))].toSorted();
      return [String(status), { name: [status, ...here].join('.'), answer: answerOf(status, here) }];
    }),
  );
}

function answerOf(status: number, codes: readonly ErrorCode[]): Answer {
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].summary}`).join('; ');
  const schema = { allOf: [refTo('Problem'), { properties: { code: { enum: codes } } }] };
  return { description, content: { 'application/problem+json': { schema, example: exampleOf(status, codes[0]) } } };
}

function exampleOf(status: number, code: ErrorCode = 'INTERNAL'): Readonly<Record<string, unknown>> {
  const { summary, workaround } = ERRORS[code];
  return {
    type: `urn:lutra:error:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: summary,
    code,
    workaround,
    runbook: `docs/runbook.md#${anchorOf(code)}`,
  };
}
