import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import type { SyncError } from '@lutra/model';
import type { RunbookLinks } from '../runbook/runbook-links.ts';

/** RFC 9457 problem document. `code` is stable for ever; clients decide by it, people read `detail` and `workaround`. */
export class Problem {
  @ApiProperty({ example: 'urn:lutra:error:REQUEST_INVALID' })
  type!: string;

  @ApiProperty({ example: 'Bad Request' })
  title!: string;

  @ApiProperty({ example: 400 })
  status!: number;

  @ApiProperty({ example: 'The field port must not be greater than 65535' })
  detail!: string;

  @ApiProperty({ example: 'REQUEST_INVALID' })
  code!: string;

  @ApiProperty({ example: 'Correct the fields that the message names.' })
  workaround!: string;

  @ApiProperty({ example: 'docs/runbook.md#request_invalid', description: 'Section of the runbook' })
  runbook!: string;

  @ApiPropertyOptional({ type: Object, description: 'Names and numbers of the case' })
  details?: Readonly<Record<string, unknown>>;
}

/** The document for an error. What went wrong inside Lutra is told in the log, not to the client. */
export function problemOf(error: SyncError, status: number, links: RunbookLinks): Problem {
  const isInternal = error.code === 'INTERNAL';
  // The sentence is the detail already.
  const details = Object.fromEntries(Object.entries(error.details).filter(([name]) => name !== 'problem'));
  return {
    type: `urn:lutra:error:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: isInternal ? 'An unexpected error: the log of the manager says more' : error.sentence,
    code: error.code,
    workaround: error.workaround,
    runbook: links.ofCode(error.code),
    ...(isInternal || Object.keys(details).length === 0 ? {} : { details }),
  };
}
