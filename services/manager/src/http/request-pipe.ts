import { ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { ValidationError } from 'class-validator';
import type { SyncError } from '@lutra/model';
import { fieldsRefusal } from './refuse-field.ts';
import type { FieldProblem } from './refuse-field.ts';
import { requirePlainJson } from './require-plain-json.ts';

/** Checks bodies and queries against their DTO class; a field that the class does not have is refused by name. No message repeats a value. */
export function requestPipe(): ValidationPipe {
  return new RequestPipe({ ...RULES, transform: true, exceptionFactory: refusalOf });
}

/** A body that was made of something else than JSON, under the same rules. Throws REQUEST_INVALID. */
export function checkedBody<T extends object>(type: new () => T, plain: object): T {
  requirePlainJson(plain);
  const body = plainToInstance(type, plain);
  const errors = validateSync(body, RULES);
  if (errors.length > 0) throw refusalOf(errors);
  return body;
}

const RULES = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: false },
};

function refusalOf(errors: readonly ValidationError[]): SyncError {
  return fieldsRefusal(errors.flatMap((error) => problemsOf(error, '')));
}

class RequestPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // What comes out of a decorator of ours was not sent.
    if (metadata.type !== 'custom') requirePlainJson(value);
    return super.transform(value, metadata) as Promise<unknown>;
  }
}

function problemsOf(error: ValidationError, parent: string): FieldProblem[] {
  const field = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    field,
    problem:
      rule === 'whitelistValidation' ? `the field ${field} does not exist` : withPath(message, error.property, field),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => problemsOf(child, field))];
}

/** The validator's sentences begin with the bare property name. */
const withPath = (message: string, property: string, field: string): string =>
  message.startsWith(`${property} `) ? `${field}${message.slice(property.length)}` : `${field}: ${message}`;
