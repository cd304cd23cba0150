import { isString, ValidateBy } from 'class-validator';

const FORM = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
/** What the store and people can write: years of four digits, in UTC. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * The text is a point in time as RFC 3339 writes it, with its offset, which {@link Date} reads as it is meant. Not the whole
 * of ISO 8601: of its weeks, days of the year and short forms some would be read as nothing and some as local time.
 */
export const IsTime = (): PropertyDecorator =>
  ValidateBy({
    name: 'isTime',
    validator: {
      validate: isTime,
      defaultMessage: () =>
        '$property must be a time with its offset, like 2026-03-01T12:00:00Z, of the years 1 to 9999',
    },
  });

export function isTime(value: unknown): boolean {
  const [, year, month, day] = (isString(value) ? FORM.exec(value) : null) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  // A day that the month does not have is read as one of the next month.
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) return false;
  const ms = Date.parse(String(value));
  return ms >= FIRST_MS && ms <= LAST_MS;
}
