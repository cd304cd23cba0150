import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ANY_KEY, Processors, TableMapping } from '@lutra/mapping';
import { compileMappings, must, readColumnType, systemClock } from '@lutra/model';
import type { ColumnDefinition, LookupRule, MappingDefinition, RowImage, TableDefinition } from '@lutra/model';
import { readYaml } from '../src/documents/yaml-text.ts';
import { checkedBody } from '../src/http/request-pipe.ts';
import { checkRules } from '../src/mapping-rules/check-rules.ts';
import { MappingCreateDto } from '../src/mappings/mapping.dto.ts';
import { mappingContentOf } from '../src/mappings/read-mapping.ts';

// Goal: what the documents show of mappings can be saved, and fits a table with such columns.
// Method: each example in YAML goes the way of a request, is compiled for a table, and a row is mapped by it. The example of a
// whole channel is put to the API by alarm-rule-documents.mysql.test.ts, expressions by libs/mapping.

const DOCS = join(import.meta.dirname, '../../../docs');

/** All columns that examples name. */
const COLUMNS = {
  ...{ id: 'int', customer_id: 'int', status: 'int', amount: 'decimal(10,2)', price: 'decimal(10,2)', pieces: 'int' },
  ...{
    state: 'varchar(10)',
    region: 'varchar(9)',
    channel: 'varchar(9)',
    first_name: 'varchar(40)',
    last_name: 'varchar(40)',
  },
  ...{ address_json: 'json', tags: 'json', ordered_at: 'datetime', shipped_at: 'datetime', phone: 'varchar(40)' },
  ...{ street: 'varchar(40)', zip: 'varchar(9)', city: 'varchar(40)', internal_note: 'text' },
};
const ROW: RowImage = [
  ...[1, 2, 1, '9.50', '10.00', 3, 'open', 'eu', 'web', 'Ann', 'Lee', '{"home":{"city":"Graz"}}', '["a"]'],
  ...['2024-02-29 10:00:00', null, '01 555-0123', 'Ring 1', '8010', 'Graz', null],
];

const tableOf = (schema: string, table: string, types: Readonly<Record<string, string>>): TableDefinition => ({
  ...{ schema, table, primaryKey: [0] },
  columns: Object.entries(types).map(([name, type]): ColumnDefinition => ({
    name,
    nullable: true,
    ...must(readColumnType(type), 'a type'),
  })),
});
const lookupTable = ({ schema, table }: LookupRule): TableDefinition =>
  tableOf(schema, table, { id: 'int', name: 'varchar(40)', country: 'char(2)' });

/** What people write for a package of their own is here the one of the repository. */
const PROCESSOR = '@lutra/example-processor';
const processors = new Processors({ allowed: PROCESSOR, timeoutMs: 60_000, clock: systemClock });

const examples = readdirSync(DOCS)
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => {
    const blocks = readFileSync(join(DOCS, file), 'utf8').matchAll(/^( *)```yaml\n(.*?)^ *```/gms);
    return [...blocks].map(([, indent = '', text = ''], index): readonly [string, string] => [
      `${file}, example ${String(index + 1)}`,
      text.replaceAll(new RegExp(`^${indent}`, 'gm'), '').replace('@acme/lutra-phone-number', PROCESSOR),
    ]);
  })
  .filter(([, text]) => !text.startsWith('format:'));

describe('an example of the documents', () => {
  it('is found on each page about mappings', () => {
    const pages = new Set(examples.map(([name]) => name.replace(/,.*/, '')));
    expect([...pages].sort()).toEqual(['aggregates.md', 'mapping-rules.md', 'processors.md', 'table-rules.md']);
  });

  it.each(examples)(
    'can be saved and maps a row: %s',
    async (_name, text) => {
      await processors.load();
      const given = {
        ...{ source: { schema: 'shop', table: { exact: 'orders' } }, target: { schema: 'shop', table: 'copies' } },
        ...(readYaml(text) as object),
      };
      const { rules, columns, target } = mappingContentOf(checkedBody(MappingCreateDto, given));
      await checkRules(rules, processors);
      const source = tableOf('shop', 'orders', COLUMNS);
      const mapping = {
        ...{ id: 'example', source: { schema: 'shop', table: { exact: 'orders' } }, target, columns },
        ...(rules === null ? {} : { rules }),
      } as MappingDefinition;
      const context = { source, openKey: () => ANY_KEY, lookupTable, processors };
      const compiled = must(TableMapping.all(compileMappings([mapping]), context)[0], 'it covers the table');
      const facts = { pipelineId: 'p', gtid: '0-1-7', commitMs: 0, event: 0, row: 0, kind: 'insert' as const };
      const change = { kind: 'insert' as const, table: 0, event: 0, row: 0, part: 0, flags: 0, after: ROW };
      const [mapped] = await compiled.mapAll([{ change, facts }], {
        read: (_lookup, keys) => Promise.resolve(keys.map(() => ['Ann', 'AT'])),
      });
      await compiled.close();
      expect(mapped?.refusal).toBeNull();
      expect(mapped?.changes.length).toBeGreaterThan(0);
    },
    60_000,
  );
});
