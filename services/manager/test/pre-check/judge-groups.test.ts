// Goal: who keeps the least or the greatest of groups is told beforehand that each removal would read the whole table.
import { expect, it } from '@jest/globals';
import type { AggregateRule } from '@lutra/model';
import { judgeFacts } from '../../src/pre-check/judge-facts.ts';
import { column, definition, facts, mappingOf, table } from './pre-check-facts.ts';

const columns = [column('id', 'int', { nullable: false }), column('region', 'varchar(9)'), column('price', 'int')];
const MAX: AggregateRule['values'] = [{ function: 'max', expression: 'price', target: 'most' }];

function told(index: string, values: AggregateRule['values'], target: 'there' | 'missing' = 'there') {
  const aggregate = { groupBy: [{ expression: ' region ', target: 'region' }], count: 'n', values };
  const source = table('sale', columns, {
    statement: `CREATE TABLE \`sale\` (\n  \`id\` int NOT NULL,\n  PRIMARY KEY (\`id\`),\n  ${index}\n) ENGINE=InnoDB`,
  });
  const pair = {
    mapping: { ...mappingOf(), source: { schema: 'shop', table: { exact: 'sale' } }, rules: { aggregate } },
    ...{ source, targetName: { schema: 'shop', table: 'sale' } },
    target: target === 'there' ? table('sale', [column('region', 'varchar(9)'), column('n', 'int')]) : null,
  };
  const tables = { value: { pairs: [pair], idle: [], leftOut: 0 } };
  return judgeFacts(facts({ definition: definition({ mappings: [pair.mapping] }), tables }))
    .findings.filter(({ code }) => code === 'GROUP_INDEX_MISSING')
    .map(({ severity, statements }) => [severity, statements.map(({ at, sql }) => `${at}: ${sql}`)]);
}

const WARNED = [['warning', ['source: ALTER TABLE `shop`.`sale` ADD INDEX (`region`, `price`)']]];

it.each<[string, string, AggregateRule['values'], unknown]>([
  ['an index of the group', 'KEY `by_region` (`region`,`price`)', MAX, []],
  ['a unique index of the group', 'UNIQUE KEY `u` (`region`,`id`) USING BTREE', MAX, []],
  ['an index that only holds the group', 'KEY `by_price` (`price`,`region`)', MAX, WARNED],
  ['no index', 'CHECK (`region` <> 0)', MAX, WARNED],
  ['no extremes', 'CHECK (`region` <> 0)', [{ function: 'sum', expression: 'price', target: 'all' }], []],
])('with %s', (_what, index, values, wanted) => {
  expect(told(index, values)).toEqual(wanted);
});

it('also where the table of the target is still to be made', () => {
  expect(told('KEY `by_price` (`price`)', MAX, 'missing')).toEqual(WARNED);
});
