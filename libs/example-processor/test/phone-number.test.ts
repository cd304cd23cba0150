import { describe, expect, it } from '@jest/globals';
import type { ProcessorAnswer, ProcessorTable } from '@lutra/processor';
import { phoneNumber, processor } from '../src/phone-number.ts';

const TABLE: ProcessorTable = {
  ...{ schema: 'shop', table: 'customers', primaryKey: ['id'] },
  columns: [
    { name: 'id', type: 'int' },
    { name: 'phone', type: 'varchar(40)' },
  ],
};

async function answers(phones: readonly (string | null)[], invalid: 'keep' | 'null' | 'refuse') {
  const settings = { column: 'phone', countryCode: '43', invalid };
  const opened = await processor.open({ settings, table: TABLE });
  const rows = phones.map((phone, id) => ({ id, phone }));
  return opened.process(rows, new AbortController().signal);
}

it.each([
  ['+43 1 5550123', '+4315550123'],
  ['+43 (0)1 555-01.23', '+4315550123'],
  ['0043 1/5550123', '+4315550123'],
  ['01 5550123', '+4315550123'],
  [' +1 (202) 555-0123 ', '+12025550123'],
  ['5550123', null],
  ['+43', null],
  ['+4312345678901234', null],
  ['call me', null],
  ['', null],
])('%j is %j', (written, number) => {
  expect(phoneNumber(written, '43')).toBe(number);
});

describe('what is no number', () => {
  it.each([
    ['keep', { kind: 'row', values: {} }],
    ['null', { kind: 'row', values: { phone: null } }],
    ['refuse', { kind: 'refused', reason: 'phone holds no phone number' }],
  ] as const)('is treated as %s says', async (invalid, answer: ProcessorAnswer) => {
    expect(await answers([null, '01 5550123', 'none'], invalid)).toEqual([
      { kind: 'row', values: {} },
      { kind: 'row', values: { phone: '+4315550123' } },
      answer,
    ]);
  });
});

it('gives the same for what it has given', async () => {
  expect(phoneNumber('+4315550123', '49')).toBe('+4315550123');
});

it('does not fit a table without the column', () => {
  const settings = { column: 'fax', countryCode: '43', invalid: 'keep' } as const;
  expect(() => processor.columns({ settings, table: TABLE })).toThrow('shop.customers has no column fax');
});
