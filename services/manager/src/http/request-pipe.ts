import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { SyncError } from '@lutra/model';

/** Checks bodies and queries against their DTO class; a field that the class does not have is refused by name. No message repeats a value. */
export function requestPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => {
      const fields = errors.flatMap((error) => problemsOf(error, ''));
      return new SyncError('REQUEST_INVALID', { problem: fields.map(({ problem }) => problem).join('; '), fields });
    },
  });
}

interface FieldProblem {
  readonly field: string;
  readonly problem: string;
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
