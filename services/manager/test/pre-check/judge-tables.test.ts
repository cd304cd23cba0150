import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { PipelineParameters } from '@lutra/model';
import type { TargetTable } from '@lutra/sql';
import { FINDING_CODES } from '../../src/pre-check/finding.ts';
import type { Finding } from '../../src/pre-check/finding.ts';
import { judgeFacts } from '../../src/pre-check/judge-facts.ts';
import { judgeOrphans } from '../../src/pre-check/judge-foreign-keys.ts';
import { judgeTables } from '../../src/pre-check/judge-tables.ts';
import { holdsCharacters, tellsApart } from '../../src/pre-check/judge-text.ts';
import { column, definition, facts, mappingOf, serverFacts, table } from './pre-check-facts.ts';

// What real servers show and what mends it there is in pre-check.mysql.test.ts; here are the policies and the odd cases.

const brief = (findings: readonly Finding[]): unknown =>
  findings.map(({ code, severity, subject }) => [
    code,
    severity,
    ...(subject.column === undefined ? [] : [subject.column]),
  ]);

const servers = { source: serverFacts(), target: serverFacts() };

const findingsOf = (
  source: TargetTable,
  target: TargetTable | null,
  parameters: Partial<PipelineParameters> = {},
  mapping = mappingOf(),
): readonly Finding[] => {
  const set = { ...definition().parameters, ...parameters };
  const pairs = [{ mapping, source, targetName: { schema: 'shop', table: source.table }, target }];
  return judgeTables({ pairs, idle: [], leftOut: 0 }, servers, set).findings;
};

const plain = table('orders', [column('id', 'int', { nullable: false }), column('note', 'varchar(20)')]);

describe('a table', () => {
  it('that is alike gives no reason to say anything', () => {
    expect(findingsOf(plain, plain)).toEqual([]);
  });

  it('without a key is an error where the pipeline needs one', () => {
    const keyless = { ...plain, key: null, uniqueKeys: [] };
    expect(brief(findingsOf(plain, keyless))).toEqual([['KEY_MISSING', 'warning']]);
    expect(brief(findingsOf(plain, keyless, { noPrimaryKey: 'reject' }))).toEqual([['KEY_MISSING', 'error']]);
    const comparing = { ...mappingOf(), onConflict: { kind: 'sourceWins' } } as const;
    expect(brief(findingsOf(plain, keyless, {}, comparing))).toEqual([['KEY_MISSING', 'error']]);
    const nowhere = findingsOf(keyless, keyless);
    expect([brief(nowhere), nowhere[0]?.statements]).toEqual([[['KEY_MISSING', 'warning']], []]);
  });

  it('that does not have what a mapping names is told before the start, once for each mapping', () => {
    const columns = { mode: 'list', columns: [{ source: 'no_such', target: 'x' }] } as const;
    const [finding, ...more] = findingsOf(plain, plain, {}, { ...mappingOf(), columns });
    expect([finding?.code, finding?.severity, finding?.subject]).toEqual([
      'MAPPING_COLUMN_UNKNOWN',
      'error',
      { place: 'source', schema: 'shop', table: 'orders', name: 'M', column: 'no_such' },
    ]);
    expect(finding?.explanation).toContain('names the column no_such, which shop.orders does not have');
    expect(more).toEqual([]);
    const twice = { mode: 'except', names: [], renames: [{ source: 'id', target: 'NOTE' }] } as const;
    expect(brief(findingsOf(plain, null, {}, { ...mappingOf(), columns: twice }))).toEqual([
      ['MAPPING_NOT_FITTING', 'error', 'note'],
    ]);
  });

  it('has the columns that rules compute', () => {
    const rules = { columns: [{ target: 'at', from: { kind: 'fact', fact: 'commitTime' } }] } as const;
    expect(brief(findingsOf(plain, plain, {}, { ...mappingOf(), rules }))).toEqual([['COLUMN_MISSING', 'error', 'at']]);
  });

  it('whose key the rows do not carry stops the pipeline', () => {
    const mapping = { ...mappingOf(), columns: { mode: 'except', names: ['ID'], renames: [] } } as const;
    expect(brief(findingsOf(plain, plain, {}, mapping))).toEqual([['KEY_NOT_CARRIED', 'error']]);
  });

  it('with a column less is an error or a warning, as the policy has it', () => {
    const less = table('orders', [column('id', 'int', { nullable: false })]);
    expect(brief(findingsOf(plain, less))).toEqual([['COLUMN_MISSING', 'error', 'note']]);
    expect(brief(findingsOf(plain, less, { missingColumn: 'ignore' }))).toEqual([
      ['COLUMN_MISSING', 'warning', 'note'],
    ]);
    const computed = table('orders', [
      column('id', 'int', { nullable: false }),
      column('note', 'varchar(20)', { generated: true }),
    ]);
    expect(findingsOf(computed, less)).toEqual([]);
    expect(brief(findingsOf(computed, computed))).toEqual([['COLUMN_COMPUTED', 'info', 'note']]);
  });

  it('with a column that nobody fills is left to a trigger that may fill it', () => {
    const wants = column('extra', 'int', { nullable: false, needsValue: true });
    const more = table('orders', [...plain.columns.values(), wants]);
    expect(brief(findingsOf(plain, more))).toEqual([['COLUMN_UNFILLED', 'error', 'extra']]);
    const triggers = [{ name: 'fill', timing: 'BEFORE', event: 'INSERT' }] as const;
    expect(brief(findingsOf(plain, { ...more, triggers }))).toEqual([['TRIGGER_FIRES', 'warning']]);
  });

  it('refers to what is not written by this pipeline', () => {
    const line =
      '  CONSTRAINT `of` FOREIGN KEY (`id`) REFERENCES `other`.`par``ent` (`id`) ON DELETE CASCADE ON UPDATE SET NULL';
    const child = { ...plain, statement: `CREATE TABLE \`orders\` (\n  \`id\` int,\n${line}\n)` };
    const [changes, outside] = findingsOf(plain, child);
    expect(changes).toMatchObject({ code: 'FOREIGN_KEY_CHANGES_ROWS', severity: 'warning' });
    expect(changes?.statements.map(({ sql }) => sql)).toEqual([
      'ALTER TABLE `shop`.`orders` DROP FOREIGN KEY `of`',
      'ALTER TABLE `shop`.`orders` ADD CONSTRAINT `of` FOREIGN KEY (`id`) REFERENCES `other`.`par``ent` (`id`)',
    ]);
    expect(outside?.explanation).toContain('other.par`ent');
    const pairs = [{ mapping: mappingOf(), source: child, targetName: child, target: child }];
    expect(brief(judgeOrphans(pairs, { definition: definition(), opposite: [] }))).toEqual([]);
    expect(brief(judgeOrphans(pairs, { definition: definition(), opposite: [definition()] }))).toEqual([
      ['FOREIGN_KEY_ORPHANS', 'warning'],
    ]);
    expect(brief(findingsOf(child, child))).toEqual([
      ['FOREIGN_KEY_CHANGES_ROWS', 'info'],
      ['FOREIGN_KEY_OUTSIDE', 'warning'],
    ]);
  });
});

describe('texts', () => {
  it.each([
    ['latin1', 'utf8mb4', true],
    ['utf8mb4', 'utf8mb3', false],
    ['ascii', 'latin1', true],
    ['latin1', 'latin2', false],
    ['latin1', 'utf8mb3', true],
    ['gb18030', 'utf8mb3', false],
    ['utf8mb3', 'utf8', true],
  ])('of %s fit into %s: %s', (source, target, expected) => {
    expect(holdsCharacters(source, target)).toBe(expected);
  });

  it.each([
    ['utf8mb4_general_ci', 'utf8mb4_general_ci', true],
    ['utf8_general_ci', 'utf8mb3_general_ci', true],
    ['utf8mb4_general_ci', 'utf8mb4_bin', true],
    ['utf8mb4_0900_ai_ci', 'utf8mb4_bin', false],
    ['utf8mb4_0900_ai_ci', 'utf8mb4_0900_bin', true],
    ['utf8mb4_bin', 'utf8mb4_general_ci', false],
    ['utf8mb4_0900_as_cs', 'utf8mb4_0900_ai_ci', false],
  ])('under %s are told apart under %s: %s', (source, target, expected) => {
    expect(tellsApart(source, target)).toBe(expected);
  });
});

describe('what could not be asked', () => {
  const failure = (
    code: 'TARGET_UNREACHABLE' | 'TARGET_ACCESS_DENIED' | 'BUS_UNREACHABLE' | 'TARGET_GRANT_MISSING',
  ) => ({
    failure: new SyncError(code, { problem: 'No answer', address: 'db:1' }),
  });

  it('is one finding for each, and an error only where the server has said no', () => {
    const judged = (change: Parameters<typeof facts>[0]): unknown => brief(judgeFacts(facts(change)).findings);
    expect(judged({})).toEqual([]);
    expect(judged({ source: failure('TARGET_UNREACHABLE') })).toEqual([['SERVER_UNREACHABLE', 'warning']]);
    expect(judged({ target: failure('TARGET_ACCESS_DENIED') })).toEqual([['SERVER_REFUSES', 'error']]);
    expect(judged({ tables: failure('TARGET_GRANT_MISSING') })).toEqual([['SERVER_NOT_READ', 'warning']]);
    expect(judged({ bus: failure('BUS_UNREACHABLE') })).toEqual([['BUS_UNREACHABLE', 'warning']]);
    expect(judged({ source: { value: serverFacts({ kind: 'mariadb' }) } })).toEqual([
      ['SERVER_OF_OTHER_KIND', 'error'],
    ]);
  });

  it('tables that are too many are counted, mappings that cover none are named, errors come first', () => {
    const pairs = [{ mapping: mappingOf(), source: plain, targetName: plain, target: null }];
    const { findings, total, columns } = judgeFacts(
      facts({ tables: { value: { pairs, idle: [mappingOf()], leftOut: 3 } } }),
    );
    expect(brief(findings)).toEqual([
      ['TARGET_TABLE_MISSING', 'error'],
      ['PATTERN_MATCHES_NOTHING', 'warning'],
      ['TABLES_NOT_LOOKED_AT', 'info'],
    ]);
    expect([total, columns]).toEqual([3, { same: 0, wider: 0, narrower: 0, incompatible: 0 }]);
  });
});

it('docs/pre-check.md tells of every finding, and of no other', () => {
  const page = readFileSync(new URL('../../../../docs/pre-check.md', import.meta.url), 'utf8');
  const told = Array.from(page.matchAll(/^\| `([A-Z_]+)` /gm), ([, code]) => code);
  expect(told).toEqual([...FINDING_CODES]);
});

it.each([
  ['11.8.6-MariaDB', 'mysql', ['TYPE_NARROWER', 'ALTER TABLE `shop`.`t` MODIFY COLUMN `c` datetime(3) DEFAULT NULL']],
  ['11.4.2-MariaDB', 'mysql', null],
  ['11.8.6-MariaDB', 'mariadb', null],
] as const)('a TIMESTAMP of %s reaches further than one of %s', (version, kind, expected) => {
  const one = table('t', [column('id', 'int'), column('c', 'timestamp(3)')]);
  const pairs = [{ mapping: mappingOf(), source: one, targetName: one, target: one }];
  const source = serverFacts({ kind: 'mariadb', variables: { version } });
  const target = serverFacts({ kind, variables: { version: kind === 'mysql' ? '8.4.1' : version } });
  const { findings } = judgeTables({ pairs, idle: [], leftOut: 0 }, { source, target }, definition().parameters);
  expect(findings.map(({ code, statements }) => [code, statements[0]?.sql])).toEqual(
    expected === null ? [] : [expected],
  );
});
