import { changed, defineProcessor, refused, UNCHANGED } from '@lutra/processor';
import type { ProcessorAnswer, ProcessorRow } from '@lutra/processor';

/** ITU-T E.164: a plus and 15 digits at most. */
const E164 = /^\+[1-9]\d{6,14}$/;
const SEPARATORS = /[\s().\-/]/g;

interface Settings {
  readonly column: string;
  /** Of numbers without one, without the plus: '43'. */
  readonly countryCode: string;
  readonly invalid: 'keep' | 'null' | 'refuse';
}

/** Writes phone numbers in one form, +4315550123, however people have typed them: +43 (1) 555-0123, 0043 1 5550123, 01 5550123. */
export const processor = defineProcessor<Settings>({
  stage: 'transform',
  settingsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['column', 'countryCode'],
    properties: {
      column: { type: 'string', minLength: 1 },
      countryCode: { type: 'string', pattern: '^[1-9][0-9]{0,2}$' },
      invalid: { enum: ['keep', 'null', 'refuse'], default: 'refuse' },
    },
  },
  columns: ({ settings, table }) => {
    if (table.columns.some(({ name }) => name === settings.column)) return [];
    throw new Error(`${table.schema}.${table.table} has no column ${settings.column}`);
  },
  open: ({ settings }) => ({ process: (rows) => rows.map((row) => normalised(row, settings)) }),
});

function normalised(row: ProcessorRow, { column, countryCode, invalid }: Settings): ProcessorAnswer {
  const written = row[column];
  if (written === null || written === undefined) return UNCHANGED;
  const number = typeof written === 'string' ? phoneNumber(written, countryCode) : null;
  if (number !== null) return changed({ [column]: number });
  if (invalid === 'refuse') return refused(`${column} holds no phone number`);
  return invalid === 'keep' ? UNCHANGED : changed({ [column]: null });
}

/** In the form of E.164; null when it is no number. */
export function phoneNumber(written: string, countryCode: string): string | null {
  const digits = written.trim().replace(/\(0\)/, '').replaceAll(SEPARATORS, '');
  const whole = digits.startsWith('00')
    ? `+${digits.slice(2)}`
    : digits.startsWith('0')
      ? `+${countryCode}${digits.slice(1)}`
      : digits;
  return E164.test(whole) ? whole : null;
}
