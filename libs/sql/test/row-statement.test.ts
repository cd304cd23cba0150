import { describe, expect, it } from '@jest/globals';
import type { TargetTable } from '../src/target-table.ts';
import { compileTableWriter } from '../src/table-writer.ts';
import { deleteStatement, insertStatement, updateJoinStatement, updateStatement } from '../src/row-statement.ts';
import { column, deleteOf, tableOf, updateOf } from './target-fixture.ts';

const definition = tableOf(
  'shop',
  [
    column('id', 'integer', 'bigint', { bytes: 8, nullable: false }),
    column('sku', 'text', 'varchar(9)', { charset: 'utf8mb4', nullable: false }),
    column('price', 'decimal', 'decimal(9,2)'),
    column('total', 'decimal', 'decimal(9,2)', { generated: true }),
  ],
  { table: 'or`ders', primaryKey: [0, 1] },
);

function targetColumn(name: string, dataType: string, more: object = {}) {
  const plain = {
    name,
    dataType,
    columnType: dataType,
    nullable: false,
    generated: false,
    needsValue: false,
    charset: null,
    collation: null,
    paddedBytes: null,
  };
  return [name, { ...plain, ...more }] as const;
}

const target: TargetTable = {
  schema: 'shop',
  table: 'or`ders',
  columns: new Map([
    targetColumn('id', 'bigint'),
    targetColumn('sku', 'varchar', { charset: 'latin1', collation: 'latin1_german1_ci' }),
    targetColumn('price', 'decimal'),
    targetColumn('total', 'decimal', { generated: true }),
  ]),
  key: { name: 'PRIMARY', columns: ['id', 'sku'], isExact: true, isNotNull: true },
  uniqueKeys: [],
  indexed: new Set(),
  triggers: [],
  engine: 'InnoDB',
  rowEstimate: null,
  statement: '',
};

describe('statements', () => {
  const writer = compileTableWriter(definition, target);
  const price = writer.columns.filter(({ name }) => name === 'price');

  it('guards an upsert with the whole key first', () => {
    expect(
      insertStatement(writer, [
        [1n, 'a', '1.50', '3.00'],
        [2n, "b'", null, null],
      ]).sql,
    ).toBe(
      "INSERT INTO `shop`.`or``ders` (`id`,`sku`,`price`) VALUES (1,'a','1.50'),(2,'b''',NULL) ON DUPLICATE KEY UPDATE " +
        '`id`=IF((`id`,`sku`)=(VALUES(`id`),VALUES(`sku`)),VALUES(`id`),NULL),`sku`=VALUES(`sku`),`price`=VALUES(`price`)',
    );
  });

  it('never upserts a partial image', () => {
    expect(insertStatement(writer, [[1n, 'a', undefined, undefined]]).sql).toBe(
      "INSERT INTO `shop`.`or``ders` (`id`,`sku`) VALUES (1,'a')",
    );
  });

  it('updates many rows through a derived table whose comparisons say how they are meant', () => {
    const changes = [
      updateOf([1n, 'a', '1.00', null], [1n, 'a', '2.00', null]),
      updateOf([2n, 'b', '1.00', null], [2n, 'b', null, null]),
    ];
    expect(updateJoinStatement(writer, price, changes).sql).toBe(
      "UPDATE (SELECT 1 AS k0,'a' AS k1,'2.00' AS c0 UNION ALL SELECT 2,'b',NULL) AS v STRAIGHT_JOIN `shop`.`or``ders` AS t " +
        'ON t.`id` = v.k0 AND t.`sku` = CONVERT(v.k1 USING latin1) COLLATE latin1_german1_ci SET t.`price`=v.c0',
    );
  });

  it('names a column that the server would change by itself, to keep its value', () => {
    const [, at] = targetColumn('total', 'timestamp', { updatesItself: true });
    const columnsThere = definition.columns.map((each) =>
      each.name === 'total' ? column('total', 'timestamp', 'timestamp') : each,
    );
    const there = { ...target, columns: new Map([...target.columns, ['total', at]]) };
    const touched = compileTableWriter({ ...definition, columns: columnsThere }, there);
    const change = updateOf([1n, 'a', '1.00', 'then'], [1n, 'a', '2.00', 'then']);
    const columns = touched.columns.filter(({ name }) => name === 'price');
    expect(updateStatement(touched, columns, change).sql).toContain("SET `price`='2.00',`total`=`total` WHERE");
    expect(updateJoinStatement(touched, columns, [change]).sql).toMatch(/SET t.`price`=v.c0,t.`total`=t.`total`$/);
    expect(updateStatement(touched, touched.columns.slice(3), change).sql).toContain("SET `total`='then' WHERE");
  });

  it('writes a NULL that was another value before', () => {
    const change = updateOf([1n, 'a', '1.00', null], [1n, 'a', null, null]);
    expect(updateStatement(writer, price, change).sql).toBe(
      "UPDATE `shop`.`or``ders` SET `price`=NULL WHERE `id`=1 AND `sku`='a'",
    );
  });

  it('takes from the image before only what the one after does not carry', () => {
    const change = updateOf([1n, 'a', '1.00', null], [undefined, undefined, '2.00', undefined]);
    expect(updateStatement(writer, [], change).sql).toBe(
      "UPDATE `shop`.`or``ders` SET `id`=1 WHERE `id`=1 AND `sku`='a'",
    );
    expect(() => updateJoinStatement(writer, writer.columns, [change])).toThrow('INTERNAL');
  });

  it('moves a key in one statement', () => {
    const change = updateOf([1n, 'a', null, null], [7n, 'a', null, null]);
    expect(updateStatement(writer, writer.columns.slice(0, 1), change).sql).toBe(
      "UPDATE `shop`.`or``ders` SET `id`=7 WHERE `id`=1 AND `sku`='a'",
    );
  });

  it('still looks for the row when nothing that is mapped has changed', () => {
    const change = updateOf([1n, 'a', null, null], [1n, 'a', null, null]);
    expect(updateStatement(writer, [], change).sql).toBe(
      "UPDATE `shop`.`or``ders` SET `id`=1 WHERE `id`=1 AND `sku`='a'",
    );
    expect(updateJoinStatement(writer, [], [change]).sql).toContain('SET t.`id`=t.`id`');
  });

  it('deletes by the whole key', () => {
    expect(deleteStatement(writer, [deleteOf([1n, 'a', null, null]), deleteOf([2n, 'b', null, null])]).sql).toBe(
      "DELETE FROM `shop`.`or``ders` WHERE (`id`=1 AND `sku`='a') OR (`id`=2 AND `sku`='b')",
    );
  });

  it('sends large values as parameters', () => {
    const text = 'x'.repeat(70_000);
    expect(insertStatement(writer, [[1n, text, null, null]])).toMatchObject({ parameters: [text] });
  });

  it('refuses what would be changed silently', () => {
    expect(() => insertStatement(writer, [[1n, 'half \ud800 pair', null, null]]).sql).toThrow('TARGET_VALUE_REFUSED');
  });
});
