// Goal: conversions of dates and times are exact to the microsecond and in every zone, and each loss policy does what
// docs/mapping-rules.md says.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LOSS_POLICIES, readColumnType } from '@lutra/model';
import type { ColumnStep, ColumnValue, LossPolicy } from '@lutra/model';
import { columnOf, outcome, problemOf, stepOver } from './step-fixture.ts';

const LOST = 'ROW_VALUE_LOST';
const INVALID = 'ROW_VALUE_INVALID';
const VIENNA = 'Europe/Vienna';
interface More {
  readonly format?: string;
  readonly zone?: string;
}
const convert = (type: string, onLoss: LossPolicy, more: More = {}): ColumnStep => ({
  kind: 'convert',
  type,
  onLoss,
  ...more,
});
const typeOf = (declared: string) => columnOf(readColumnType(declared) ?? { kind: 'geometry' });
const from = (
  source: string,
  type: string,
  { onLoss = 'fail', ...more }: More & { onLoss?: LossPolicy },
  value: ColumnValue,
) => outcome(stepOver(convert(type, onLoss, more), typeOf(source)), value);

describe('a value that fits', () => {
  it.each<[string, ColumnValue, string, More, ColumnValue]>([
    // Between types of dates and times
    ['date', '2024-02-29', 'datetime(3)', {}, '2024-02-29 00:00:00.000'],
    ['datetime', '2024-02-29 00:00:00', 'date', {}, '2024-02-29'],
    ['datetime', '2024-02-29 10:11:12', 'datetime(6)', {}, '2024-02-29 10:11:12.000000'],
    ['datetime(6)', '2024-02-29 10:11:12.120000', 'datetime(2)', {}, '2024-02-29 10:11:12.12'],
    ['timestamp', '2024-07-01 10:00:00', 'datetime', {}, '2024-07-01 10:00:00'],
    ['timestamp', '2024-07-01 23:30:00', 'datetime', { zone: VIENNA }, '2024-07-02 01:30:00'],
    ['datetime', '2024-07-02 01:30:00', 'timestamp', { zone: VIENNA }, '2024-07-01 23:30:00'],
    ['datetime', '2024-10-27 02:30:00', 'timestamp', { zone: VIENNA }, '2024-10-27 00:30:00'],
    ['timestamp', '2024-10-27 01:30:00', 'datetime', { zone: VIENNA }, '2024-10-27 02:30:00'],
    ['date', '2024-07-01', 'timestamp', { zone: '-03:00' }, '2024-07-01 03:00:00'],
    ['time(3)', '-838:59:59.000', 'time', {}, '-838:59:59'],
    ['date', '0000-00-00', 'datetime', {}, '0000-00-00 00:00:00'],
    ['date', '2024-00-10', 'datetime', { zone: VIENNA }, '2024-00-10 00:00:00'],
    ['timestamp', '0000-00-00 00:00:00', 'datetime(1)', { zone: VIENNA }, '0000-00-00 00:00:00.0'],
    ['datetime', '0000-00-00 00:00:00', 'timestamp', { zone: VIENNA }, '0000-00-00 00:00:00'],
    // From text
    ['varchar(40)', '2024-02-29', 'date', {}, '2024-02-29'],
    ['varchar(40)', ' 2024-02-29 10:11:12.5 ', 'datetime(6)', {}, '2024-02-29 10:11:12.500000'],
    ['varchar(40)', '2024-02-29T10:11Z', 'datetime', { zone: VIENNA }, '2024-02-29 11:11:00'],
    [
      'varchar(40)',
      '2024-02-29T10:11:12.123456+05:30',
      'timestamp(6)',
      { format: 'iso' },
      '2024-02-29 04:41:12.123456',
    ],
    ['varchar(40)', '2024-02-29T10:11:12', 'timestamp', { zone: VIENNA }, '2024-02-29 09:11:12'],
    ['varchar(40)', '31.01.2024', 'date', { format: 'dd.MM.yyyy' }, '2024-01-31'],
    ['varchar(40)', '20240131235959123', 'datetime(3)', { format: 'yyyyMMddHHmmssSSS' }, '2024-01-31 23:59:59.123'],
    ['varchar(40)', '31/01/2024 um 07 Uhr', 'datetime', { format: "dd/MM/yyyy 'um' HH 'Uhr'" }, '2024-01-31 07:00:00'],
    ['varchar(40)', "2024'01'31", 'date', { format: "yyyy''MM''dd" }, '2024-01-31'],
    ['varchar(40)', '2024-01-31 10:00 +0200', 'timestamp', { format: 'yyyy-MM-dd HH:mm z' }, '2024-01-31 08:00:00'],
    ['varchar(40)', '0000-00-00', 'date', {}, '0000-00-00'],
    ['varchar(40)', '10:11:12', 'time', {}, '10:11:12'],
    ['varchar(40)', '-100:11:12.5', 'time(1)', {}, '-100:11:12.5'],
    ['varchar(40)', '10:11', 'time', { format: 'iso' }, '10:11:00'],
    ['varchar(40)', '-123:05', 'time', { format: 'HH:mm' }, '-123:05:00'],
    ['varchar(40)', '0705', 'time', { format: 'HHmm' }, '07:05:00'],
    ['varchar(40)', '1700000000.5', 'timestamp(1)', { format: 'unixSeconds' }, '2023-11-14 22:13:20.5'],
    ['json', '"2024-02-29"', 'date', {}, '2024-02-29'],
    ['json', 'null', 'date', {}, null],
    // From numbers
    ['bigint', 1_700_000_000n, 'datetime', { format: 'unixSeconds' }, '2023-11-14 22:13:20'],
    ['bigint', 1_700_000_000_123n, 'timestamp(3)', { format: 'unixMilliseconds' }, '2023-11-14 22:13:20.123'],
    [
      'bigint',
      1_700_000_000_123_456n,
      'datetime(6)',
      { format: 'unixMicroseconds', zone: VIENNA },
      '2023-11-14 23:13:20.123456',
    ],
    ['bigint', -1n, 'datetime(3)', { format: 'unixMilliseconds' }, '1969-12-31 23:59:59.999'],
    ['decimal(20,6)', '1700000000.123456', 'datetime(6)', { format: 'unixSeconds' }, '2023-11-14 22:13:20.123456'],
    ['int', 20_240_131, 'date', { format: 'yyyyMMdd' }, '2024-01-31'],
    ['int', 93_005, 'time', { format: 'HHmmss' }, '09:30:05'],
    // To text
    ['date', '2024-02-29', 'varchar(10)', { format: 'dd.MM.yyyy' }, '29.02.2024'],
    ['datetime(6)', '2024-02-29 10:11:12.123456', 'text', { format: 'yyyyMMddHHmmssSSS' }, '20240229101112123'],
    ['datetime(3)', '2024-02-29 10:11:12.120', 'text', { format: 'iso' }, '2024-02-29T10:11:12.120'],
    [
      'datetime',
      '2024-07-01 10:00:00',
      'text',
      { format: 'yyyy-MM-dd HH:mm z', zone: VIENNA },
      '2024-07-01 10:00 +02:00',
    ],
    ['timestamp', '2024-07-01 10:00:00', 'text', { format: 'iso' }, '2024-07-01T10:00:00Z'],
    ['timestamp', '2024-07-01 10:00:00', 'text', { format: 'iso', zone: VIENNA }, '2024-07-01T12:00:00+02:00'],
    ['timestamp', '2024-07-01 10:00:00', 'text', { zone: VIENNA }, '2024-07-01 12:00:00'],
    ['timestamp', '2024-07-01 10:00:00', 'text', {}, '2024-07-01 10:00:00'],
    ['timestamp(1)', '2024-07-01 10:00:00.5', 'text', { format: 'unixSeconds' }, '1719828000.5'],
    ['datetime', '2024-07-01 12:00:00', 'text', { format: 'unixMilliseconds', zone: VIENNA }, '1719828000000'],
    ['time', '-100:01:02', 'text', { format: "HH'h'mm" }, '-100h01'],
    ['date', '0000-00-00', 'text', { format: 'dd.MM.yyyy' }, '00.00.0000'],
    ['date', '2024-00-10', 'text', { format: 'iso' }, '2024-00-10'],
    // To numbers
    ['timestamp', '2023-11-14 22:13:20', 'bigint', { format: 'unixSeconds' }, 1_700_000_000n],
    ['datetime(6)', '2023-11-14 22:13:20.123456', 'decimal(20,6)', { format: 'unixSeconds' }, '1700000000.123456'],
    ['datetime(3)', '1969-12-31 23:59:59.999', 'bigint', { format: 'unixMilliseconds' }, -1n],
    ['date', '2024-01-31', 'int', { format: 'yyyyMMdd' }, 20_240_131],
    ['datetime', '2024-01-31 10:00:00', 'year', { format: 'yyyy' }, 2024],
  ])('of %s, %p, becomes %s %j', (source, value, target, more, expected) => {
    for (const onLoss of LOSS_POLICIES) expect(from(source, target, { ...more, onLoss }, value)).toBe(expected);
  });
});

describe('a value that does not fit', () => {
  it.each<[string, ColumnValue, string, More, readonly ColumnValue[]]>([
    // fail, clamp, truncate, null
    ['datetime', '2024-02-29 10:00:00', 'date', {}, [LOST, '2024-02-29', '2024-02-29', null]],
    [
      'datetime(6)',
      '2024-12-31 23:59:59.500000',
      'datetime',
      {},
      [LOST, '2025-01-01 00:00:00', '2024-12-31 23:59:59', null],
    ],
    [
      'datetime(6)',
      '2024-12-31 23:59:59.499999',
      'datetime',
      {},
      [LOST, '2024-12-31 23:59:59', '2024-12-31 23:59:59', null],
    ],
    [
      'datetime(6)',
      '9999-12-31 23:59:59.999999',
      'datetime(3)',
      {},
      [LOST, '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999', null],
    ],
    [
      'datetime(6)',
      '2024-02-31 23:59:59.999999',
      'datetime',
      {},
      [LOST, '2024-02-31 23:59:59', '2024-02-31 23:59:59', null],
    ],
    ['time(6)', '-00:59:59.600000', 'time', {}, [LOST, '-01:00:00', '-00:59:59', null]],
    ['time(1)', '-00:00:00.4', 'time', {}, [LOST, '00:00:00', '00:00:00', null]],
    ['time(1)', '838:59:59.9', 'time', {}, [LOST, '838:59:59', '838:59:59', null]],
    [
      'datetime',
      '2024-03-31 02:30:00',
      'timestamp',
      { zone: VIENNA },
      [LOST, '2024-03-31 01:00:00', '2024-03-31 01:00:00', null],
    ],
    ['datetime', '1969-01-01 00:00:00', 'timestamp', {}, [LOST, '1970-01-01 00:00:01', LOST, null]],
    ['datetime', '2038-01-19 03:14:08', 'timestamp(3)', {}, [LOST, '2038-01-19 03:14:07.999', LOST, null]],
    ['datetime', '2024-00-10 00:00:00', 'timestamp', {}, [INVALID, INVALID, INVALID, null]],
    ['datetime', '0000-00-00 00:00:00', 'bigint', { format: 'unixSeconds' }, [INVALID, INVALID, INVALID, null]],
    [
      'datetime',
      '2024-03-31 02:30:00',
      'bigint',
      { format: 'unixSeconds', zone: VIENNA },
      [LOST, 1_711_846_800n, 1_711_846_800n, null],
    ],
    ['datetime(1)', '1970-01-01 00:00:01.5', 'int', { format: 'unixSeconds' }, [LOST, 2, 1, null]],
    ['varchar(40)', '2024-02-30', 'date', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '2024-13-01', 'date', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '2024-00-01', 'date', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '2024-01-01 24:00:00', 'datetime', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '2024-01-01 10:60', 'datetime', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '2024-01-01 10:00:00x', 'datetime', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '2024-1-1', 'date', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', 'today', 'date', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '', 'datetime', {}, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '31.02.2024', 'date', { format: 'dd.MM.yyyy' }, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '1.2.2024', 'date', { format: 'dd.MM.yyyy' }, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '31.01.2024 ', 'date', { format: "dd.MM.yyyy'!'" }, [INVALID, INVALID, INVALID, null]],
    ['varchar(40)', '839:00:00', 'time', {}, [INVALID, INVALID, INVALID, null]],
    [
      'varchar(40)',
      '2024-01-01 10:00:00.1234567',
      'datetime(6)',
      {},
      [LOST, '2024-01-01 10:00:00.123457', '2024-01-01 10:00:00.123456', null],
    ],
    ['varchar(40)', '2024-01-01 10:00:00', 'date', {}, [LOST, '2024-01-01', '2024-01-01', null]],
    ['bigint', 10n ** 15n, 'datetime', { format: 'unixSeconds' }, [LOST, '9999-12-31 23:59:59', LOST, null]],
    ['bigint', -(10n ** 15n), 'datetime', { format: 'unixSeconds' }, [LOST, '0000-01-01 00:00:00', LOST, null]],
    ['bigint', 10n ** 12n, 'timestamp', { format: 'unixSeconds' }, [LOST, '2038-01-19 03:14:07', LOST, null]],
    ['varchar(40)', '0000-01-01T00:00:00+02:00', 'datetime', {}, [LOST, '0000-01-01 00:00:00', LOST, null]],
    [
      ...(['varchar(40)', '2024-01-01 10:00:00.1234565', 'datetime(6)', {}] as const),
      [LOST, '2024-01-01 10:00:00.123457', '2024-01-01 10:00:00.123456', null],
    ],
    [
      ...(['decimal(20,7)', '-0.0000001', 'datetime(6)', { format: 'unixSeconds' }] as const),
      [LOST, '1970-01-01 00:00:00.000000', '1969-12-31 23:59:59.999999', null],
    ],
    ['int', -20_240_131, 'date', { format: 'yyyyMMdd' }, [INVALID, INVALID, INVALID, null]],
    ['int', 20_241_301, 'date', { format: 'yyyyMMdd' }, [INVALID, INVALID, INVALID, null]],
    ['json', '17', 'date', {}, [INVALID, INVALID, INVALID, null]],
  ])('of %s, %p, for %s %j meets its policy', (source, value, target, more, expected) => {
    expect(LOSS_POLICIES.map((onLoss) => from(source, target, { ...more, onLoss }, value))).toEqual(expected);
  });

  it('gives its date up for a time only where that is said', () => {
    expect(from('datetime', 'time', { onLoss: 'truncate' }, '2024-02-29 10:11:12')).toBe('10:11:12');
    expect(from('timestamp', 'time', { onLoss: 'truncate', zone: VIENNA }, '2024-07-01 10:11:12')).toBe('12:11:12');
    expect(problemOf(() => stepOver(convert('time', 'clamp'), typeOf('datetime')))).toContain('has to be truncate');
  });
});

describe('what cannot work', () => {
  it.each<[string, string, More, string]>([
    ['time', 'date', {}, 'there is no date in it'],
    ['date', 'time', {}, 'there is no time in it'],
    ['int', 'date', {}, 'by a format'],
    ['int', 'date', { format: 'dd.MM.yyyy' }, 'a pattern of digits'],
    ['blob', 'date', {}, 'there are no dates in it'],
    ['datetime', 'int', {}, 'by a format'],
    ['datetime', 'int', { format: 'iso' }, 'a pattern of digits'],
    ['datetime', 'int', { format: 'yyyy-MM' }, 'a pattern of digits'],
    ['int', 'date', { format: 'iso' }, 'a pattern of digits'],
    ['time', 'int', { format: 'unixSeconds' }, 'time does not become int'],
    ['varchar(9)', 'datetime', { format: 'HH:mm' }, 'does not tell what a datetime has'],
    ['varchar(9)', 'time', { format: 'dd' }, 'does not tell what a time has'],
    ['varchar(9)', 'time', { format: 'dd HH' }, 'tells a date'],
    ['time', 'varchar(9)', { format: 'dd HH' }, 'tells a date'],
    ['date', 'varchar(9)', { format: 'd.M.yy' }, 'letters between them in quotes'],
    ['date', 'varchar(9)', { format: 'yyyy yyyy' }, 'each once'],
    ['date', 'varchar(9)', { format: '' }, 'the format  is none'],
    ['date', 'varchar(9)', { format: "'open" }, 'letters between them in quotes'],
    ['timestamp', 'datetime', { zone: 'Mars/Olympus' }, 'Mars/Olympus is no time zone'],
    ['date', 'varchar(9)', { format: 'constructor' }, 'letters between them in quotes'],
  ])('%s as %s %j is refused', (source, target, more, why) => {
    expect(problemOf(() => stepOver(convert(target, 'fail', more), typeOf(source)))).toContain(why);
  });
});

describe('laws', () => {
  const zones = fc.constantFrom(
    'UTC',
    VIENNA,
    'America/St_Johns',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Africa/Casablanca',
    '+13:45',
  );
  /** From 1970 to 2037, so that a timestamp holds it in any zone. */
  const datetimes = fc
    .tuple(fc.integer({ min: 100_000, max: 2_140_000_000 }), fc.nat(999_999))
    .map(([seconds, micros]) => {
      const text = new Date(seconds * 1_000).toISOString();
      return `${text.slice(0, 10)} ${text.slice(11, 19)}.${String(micros).padStart(6, '0')}`;
    });
  const through = (type: string, more: More, value: ColumnValue) => {
    const there = from('datetime(6)', type, more, value);
    return there === LOST ? value : from(type, 'datetime(6)', more, there as ColumnValue);
  };

  it('a datetime comes back from a timestamp, from text and from numbers, in any zone that shows it once', () => {
    const numeric = fc.constantFrom('unixSeconds', 'unixMilliseconds', 'unixMicroseconds');
    fc.assert(
      fc.property(zones, datetimes, numeric, (zone, value, format) => {
        expect(through('timestamp(6)', { zone }, value)).toBe(value);
        expect(through('decimal(30,6)', { zone, format }, value)).toBe(value);
        expect(through('varchar(40)', { zone, format }, value)).toBe(value);
        for (const pattern of ['iso', 'dd.MM.yyyy HH:mm:ss,SSSSSS', "yyyyMMdd'T'HHmmssSSSSSSz"])
          expect(through('varchar(40)', { zone, format: pattern }, value)).toBe(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a timestamp comes back from any text that tells its offset', () => {
    fc.assert(
      fc.property(zones, datetimes, (zone, value) => {
        for (const format of ['iso', 'yyyy-MM-dd HH:mm:ss.SSSSSS z']) {
          const text = from('timestamp(6)', 'varchar(60)', { zone, format }, value) as string;
          expect(from('varchar(60)', 'timestamp(6)', { format, zone: 'Asia/Tokyo' }, text)).toBe(value);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('a value that fits is changed by no policy, and nothing is thrown but an error of a row', () => {
    const texts = fc.oneof(
      datetimes,
      datetimes.map((text) => text.slice(0, 10)),
      datetimes.map((text) => text.slice(11)),
      fc
        .tuple(datetimes, fc.nat(25), fc.constantFrom('0', '9', '-', ':', 'Z', ' '))
        .map(([text, at, character]) => text.slice(0, at) + character + text.slice(at + 1)),
      fc.string(),
    );
    const types = fc.constantFrom('date', 'datetime', 'datetime(6)', 'timestamp', 'timestamp(3)', 'time(2)');
    fc.assert(
      fc.property(types, texts, fc.constantFrom('UTC', VIENNA), (type, text, zone) => {
        const [strict, clamped, cut, nulled] = LOSS_POLICIES.map((onLoss) =>
          from('longtext', type, { onLoss, zone }, text),
        );
        if (strict !== LOST && strict !== INVALID) expect([clamped, cut, nulled]).toEqual([strict, strict, strict]);
        else expect(nulled).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });
});
