// Goal: a mapping with processors is refused when it is saved where they cannot work, and shown as they will work.
// Method: the package of the repository; the preview's rows without its thread, the pre-check's tables without servers.
import { describe, expect, it } from '@jest/globals';
import { Processors } from '@lutra/mapping';
import { SyncError, systemClock } from '@lutra/model';
import type { MappingDefinition, ProcessorRule } from '@lutra/model';
import { checkedBody } from '../src/http/request-pipe.ts';
import { checkRules } from '../src/mapping-rules/check-rules.ts';
import { MappingRulesDto } from '../src/mapping-rules/mapping-rules.dto.ts';
import { rulesOf } from '../src/mapping-rules/read-rules.ts';
import { mapRows } from '../src/preview/map-rows.ts';
import type { MapMessage } from '../src/preview/map-rows.ts';
import { sampleRows, sampleTable } from '../src/preview/sample-rows.ts';

const ALLOWED = '@lutra/example-processor,@lutra/example-processor/uncompress,@lutra/no-such-package';
const PHONE: ProcessorRule = { name: '@lutra/example-processor', settings: { column: 'phone', countryCode: '43' } };
const UNPACK: ProcessorRule = { name: '@lutra/example-processor/uncompress', settings: { column: 'body' } };

describe('processors of rules that are saved', () => {
  const processors = new Processors({ allowed: ALLOWED, timeoutMs: 60_000, clock: systemClock });

  async function refusalOf(...rules: readonly object[]): Promise<unknown> {
    try {
      await checkRules(rulesOf(checkedBody(MappingRulesDto, { processors: rules })), processors);
      return null;
    } catch (error) {
      const { code, details } = SyncError.of(error);
      return [code, (details['fields'] as { field: string }[])[0]?.field];
    }
  }

  it('are taken when they are allowed and settled', async () => {
    expect(await refusalOf(UNPACK, PHONE)).toBeNull();
  });

  it.each([
    ['a package that is not allowed', { name: 'fs' }, 'PROCESSOR_NOT_ALLOWED', 'rules.processors.1.name'],
    ['one that is not there', { name: '@lutra/no-such-package' }, 'PROCESSOR_NOT_LOADED', 'rules.processors.1.name'],
    [
      'wrong settings',
      { ...PHONE, settings: { column: 1 } },
      'PROCESSOR_SETTINGS_INVALID',
      'rules.processors.1.settings',
    ],
    ['no settings', { name: PHONE.name }, 'PROCESSOR_SETTINGS_INVALID', 'rules.processors.1.settings'],
  ])('are refused with %s, by field', async (_what, rule, code, field) => {
    expect(await refusalOf(PHONE, rule)).toEqual([code, field]);
  });

  it.each([
    ['too much', { ...PHONE, settings: { a: 'x'.repeat(17_000) } }, /settings must be an object of at most 16384/],
    ['a list', { ...PHONE, settings: [] }, /settings must be an object/],
    ['no name', { settings: {} }, /name must be/],
  ])('are refused with %s', (_what, rule, problem) => {
    expect(() => checkedBody(MappingRulesDto, { processors: [rule] })).toThrow(problem);
  });
});

describe('the preview', () => {
  const table = sampleTable({
    ...{ schema: 's', table: 't', rows: [] },
    columns: [
      { name: 'id', type: 'INT' },
      { name: 'phone', type: 'VARCHAR(40)' },
      { name: 'body', type: 'BLOB' },
    ],
  });
  const mapping = (id: string, rules: MappingDefinition['rules']): MappingDefinition => ({
    ...{ id, source: { schema: 's', table: { exact: 't' } }, target: { schema: 'x' }, columns: { mode: 'all' } },
    ...(rules === undefined ? {} : { rules }),
  });

  async function shown(mappings: readonly MappingDefinition[], phones: readonly string[]): Promise<MapMessage[]> {
    const rows = sampleRows(
      phones.map((phone, id) => ({ kind: 'insert' as const, after: { id, phone, body: null } })),
      table,
      new Date(0),
    );
    const told: MapMessage[] = [];
    await mapRows({ pipelineId: 'P', mappings, rows, processors: ALLOWED }, (message) => told.push(message));
    return told;
  }

  it('shows rows behind the processors of both stages', async () => {
    const [fits, first, second] = await shown([mapping('M', { processors: [UNPACK, PHONE] })], ['01 5550123', 'none']);
    expect(fits).toMatchObject({ fits: [{ error: null, targets: [{ columns: [{}, {}, { declared: 'longtext' }] }] }] });
    expect(first).toMatchObject({ results: [{ error: null, changes: [{ after: [0, '+4315550123', null] }] }] });
    expect(second).toMatchObject({ results: [{ error: { code: 'ROW_PROCESSOR_REFUSED' } }] });
  });

  it('tells of mappings that do not fit', async () => {
    const [alone] = await shown(
      [mapping('M', { processors: [{ ...PHONE, settings: { ...PHONE.settings, column: 'fax' } }] })],
      [],
    );
    expect(alone).toEqual({ kind: 'fits', fits: [] });
    const [wrong] = await shown(
      [mapping('M', { processors: [{ ...PHONE, settings: { ...PHONE.settings, column: 'fax' } }] })],
      ['1'],
    );
    expect(wrong).toMatchObject({ fits: [{ error: { code: 'PROCESSOR_NOT_FITTING' } }] });
    const [two] = await shown([mapping('M', { processors: [UNPACK] }), mapping('N', undefined)], ['1']);
    expect(two).toMatchObject({
      fits: [{ error: { code: 'PROCESSOR_MAPPINGS_DIFFER' } }, { error: { code: 'PROCESSOR_MAPPINGS_DIFFER' } }],
    });
  });
});
