// Goal: rules of columns hold at real targets: constant, concat, default, map, convert, json, split, partial, hash, token, and
// exact expressions.
// Method: a busy source table under a mapping that computes each column in its own way, at once from MariaDB to MySQL and the
// other way, MySQL with partial JSON in its log; afterwards each target holds what the source computes by its own functions.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import fc from 'fast-check';
import { startCrossedStack } from './crossed-stack.ts';
import type { CrossedStack } from './crossed-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const TRANSACTIONS = 200;
const KEY = 'the key of this test alone';

const SOURCE = `CREATE TABLE person (
  id INT NOT NULL PRIMARY KEY, status TINYINT NULL, price VARCHAR(20) NOT NULL, born VARCHAR(10) NULL,
  seen TIMESTAMP(3) NOT NULL, doc JSON NULL, name VARCHAR(40) NOT NULL, email VARCHAR(60) NOT NULL,
  raw VARBINARY(20) NOT NULL, flag BIT(1) NOT NULL, note VARCHAR(20) NULL, cost DECIMAL(26,6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`;
const TARGET = `CREATE TABLE people (
  id INT NOT NULL PRIMARY KEY, state VARCHAR(10) NOT NULL, amount DECIMAL(10,2) NOT NULL, born DATE NULL,
  seen_at DATETIME(3) NOT NULL, seen_ms BIGINT NOT NULL, city VARCHAR(20) NULL, no BIGINT UNSIGNED NULL, last VARCHAR(40) NOT NULL,
  hidden VARCHAR(60) NOT NULL, email_hash VARCHAR(64) NOT NULL, email_token VARCHAR(60) NOT NULL, title VARCHAR(20) NOT NULL,
  is_on TINYINT(1) NOT NULL, note VARCHAR(20) NOT NULL, version VARCHAR(5) NOT NULL, label LONGTEXT NOT NULL,
  total DECIMAL(60,12) NOT NULL, clamped TINYINT NOT NULL, fitting SMALLINT UNSIGNED NULL, cut VARCHAR(5) NOT NULL,
  id_again INT NOT NULL, seen_in VARCHAR(20) NOT NULL, cost_text VARCHAR(40) NOT NULL, is_set BIT(1) NOT NULL, doc_again JSON NULL, kept TINYINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`;

type ColumnRule = NonNullable<NonNullable<MappingCreateDto['rules']>['columns']>[number];

const computed = (target: string, column: string, ...steps: NonNullable<ColumnRule['steps']>): ColumnRule => ({
  target,
  from: { kind: 'column', column },
  steps,
});
const convert = (type: string, more: object = {}) => ({
  kind: 'convert' as const,
  type,
  onLoss: 'fail' as const,
  ...more,
});

const RULES: readonly ColumnRule[] = [
  computed('state', 'status', {
    kind: 'map',
    entries: [
      { from: 1, to: 'active' },
      { from: '2', to: 'closed' },
      { from: null, to: 'unknown' },
    ],
    otherwise: { kind: 'value', value: 'other' },
  }),
  computed('amount', 'price', convert('decimal(10,2)', { onLoss: 'truncate' })),
  computed('born', 'born', convert('date', { format: 'dd.MM.yyyy' })),
  computed('seen_at', 'seen', convert('datetime(3)', { zone: '+02:00' })),
  computed('seen_ms', 'seen', convert('bigint', { format: 'unixMilliseconds' })),
  computed('city', 'doc', { kind: 'json', path: '$.home.city' }),
  computed('no', 'doc', { kind: 'json', path: '$.no' }, convert('bigint unsigned')),
  computed('last', 'name', { kind: 'split', separator: ' ', index: -1 }),
  computed('hidden', 'email', { kind: 'partial', keepStart: 1, keepEnd: 4, with: '*' }),
  computed('email_hash', 'email', { kind: 'hash', key: KEY }),
  computed('email_token', 'email', { kind: 'token', key: KEY }),
  computed('title', 'raw', convert('varchar(20)', { charset: 'latin1' })),
  computed('is_on', 'flag', convert('boolean')),
  computed('note', 'note', { kind: 'default', value: 'none', when: 'both' }),
  { target: 'version', from: { kind: 'constant', value: 'v1' } },
  { target: 'label', from: { kind: 'concat', columns: ['name', 'id', 'note'], separator: '/' } },
  { target: 'total', from: { kind: 'expression', expression: 'cost * cost * id - 0.000001' } },
  computed('clamped', 'cost', convert('tinyint', { onLoss: 'clamp' })),
  computed('fitting', 'cost', convert('smallint unsigned', { onLoss: 'null' })),
  computed('cut', 'name', convert('varchar(5)', { onLoss: 'truncate' })),
  computed('seen_in', 'seen', convert('varchar(20)', { format: 'dd.MM.yyyy HH:mm', zone: 'Europe/Vienna' })),
  computed('cost_text', 'cost', convert('varchar(40)')),
  computed('is_set', 'flag', convert('boolean'), convert('bit(1)')),
  computed('doc_again', 'doc', convert('longtext'), convert('json')),
  computed('kept', 'status', { kind: 'map', entries: [{ from: 7, to: 70 }], otherwise: { kind: 'keep' } }),
];

const COMPUTED = `SELECT id, state, amount, born, seen_at, seen_ms, city, no, last, hidden, title, is_on, note, version, label,
  total, clamped, fitting, cut, id_again, seen_in, cost_text, is_set, CAST(JSON_EXTRACT(doc_again, '$.no') AS UNSIGNED), kept FROM people`;
const EXPECTED = `SELECT id,
  CASE status WHEN 1 THEN 'active' WHEN 2 THEN 'closed' ELSE IF(status IS NULL, 'unknown', 'other') END,
  TRUNCATE(CAST(price AS DECIMAL(40,10)), 2), STR_TO_DATE(born, '%d.%m.%Y'), CONVERT_TZ(seen, '+00:00', '+02:00'),
  CAST(UNIX_TIMESTAMP(seen) * 1000 AS SIGNED), JSON_UNQUOTE(JSON_EXTRACT(doc, '$.home.city')),
  CAST(JSON_EXTRACT(doc, '$.no') AS UNSIGNED), SUBSTRING_INDEX(name, ' ', -1),
  CONCAT(LEFT(email, 1), REPEAT('*', CHAR_LENGTH(email) - 5), RIGHT(email, 4)), CONVERT(raw USING latin1), flag + 0,
  COALESCE(note, 'none'), 'v1', CONCAT_WS('/', name, id, note), cost * cost * id - 0.000001,
  GREATEST(-128, LEAST(127, ROUND(cost))), IF(cost = TRUNCATE(cost, 0) AND cost BETWEEN 0 AND 65535, TRUNCATE(cost, 0), NULL), LEFT(name, 5),
  id, DATE_FORMAT(seen + INTERVAL IF(MONTH(seen) = 7, 2, 1) HOUR, '%d.%m.%Y %H:%i'), CAST(cost AS CHAR), flag,
  CAST(JSON_EXTRACT(doc, '$.no') AS UNSIGNED), IF(status = 7, 70, status) FROM person`;

/** Of MySQL; MariaDB takes it for a comment. */
const PARTIAL_JSON = "/*!80003 SET SESSION binlog_row_value_options = 'PARTIAL_JSON' */";

const id = fc.integer({ min: 1, max: 40 }).map(String);
const quoted = (text: string): string => `'${text}'`;
const values = fc
  .tuple(
    fc.constantFrom('NULL', '1', '2', '7'),
    fc.constantFrom("'12.5'", "' -0.019 '", "'1e3'", "'12345678.999'", "'.5'"),
    fc.constantFrom('NULL', "'29.02.2024'", "'01.12.1999'"),
    fc.constantFrom("'2024-07-01 22:30:00.123'", "'1999-12-31 23:59:59.999'"),
    fc.constantFrom(
      'NULL',
      `'{"no": 18446744073709551615, "home": {"city": "Wien \\\\u00e4"}}'`,
      `'{"home": {"street": 1}, "no": 7}'`,
    ),
    fc.constantFrom("'Max Mustermann'", "'Ána de la Cruz'", "'张伟'"),
    fc.constantFrom('max', 'ANA', 'x-1', 'ünal').map((name) => `CONCAT(${quoted(name)}, @id, '@example.org')`),
    fc.constantFrom("x'4dfc6c6c6572'", "x''", "x'8061'"),
    fc.constantFrom("b'0'", "b'1'"),
    fc.constantFrom('NULL', "''", "'hello'"),
    fc.constantFrom('12345678901234567890.123456', '-0.5', '127.5', '65535', '-3', '0.499999'),
  )
  .map((all) => all.join(', '));
const statement: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(id, values).map(([key, all]) => `SET @id = ${key}; REPLACE INTO person VALUES (@id, ${all})`),
  fc
    .tuple(id, id)
    .map(([key, status]) => `UPDATE person SET status = ${status} % 4, flag = 1 - flag WHERE id >= ${key}`),
  fc.tuple(id, id).map(([key, next]) => `UPDATE IGNORE person SET id = ${next} WHERE id = ${key}`),
  id.map((key) => `UPDATE person SET doc = JSON_SET(doc, '$.no', ${key}, '$.home.city', 'Graz') WHERE id >= ${key}`),
  id.map((key) => `DELETE FROM person WHERE id = ${key}`),
);

describe('rules of columns', () => {
  let e2e: CrossedStack;

  beforeAll(async () => {
    const mappings = ({ schema }: E2eStack): MappingCreateDto[] => [
      {
        source: { schema, table: { exact: 'person' } },
        target: { schema, table: 'people' },
        columns: { mode: 'list', columns: ['id', 'id_again'].map((target) => ({ source: 'id', target })) },
        rules: { columns: [...RULES] },
      },
    ];
    e2e = await startCrossedStack('mapping-columns', { source: [SOURCE], target: [TARGET], mappings });
  }, 240_000);

  afterAll(() => e2e.stop());

  it('leave at each target what its source computes', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const history = fc.sample(fc.array(statement, { minLength: 1, maxLength: 4 }), { seed, numRuns: TRANSACTIONS });
    const last = fc.sample(values, { seed, numRuns: 30 });
    await e2e.atSources(
      PARTIAL_JSON,
      ...history.map((statements) => ['BEGIN', ...statements, 'COMMIT'].join('; ')),
      ...last.map((all, index) => `SET @id = ${String(index + 1)}; REPLACE INTO person VALUES (@id, ${all})`),
      "UPDATE person SET doc = JSON_SET(doc, '$.home.city', name) WHERE id % 2 = 0",
    );
    const { found, wanted } = await e2e.compare([[COMPUTED, EXPECTED]]);
    expect({ seed, found }).toEqual({ seed, found: wanted });
    for (const rows of Object.values(wanted)) expect(rows.length).toBeGreaterThanOrEqual(30);

    const emails = await e2e.ask('source', 'SELECT id, email FROM person');
    const hashes = emails.map(([key, email]) => [key, createHmac('sha256', KEY).update(String(email)).digest('hex')]);
    for (const { target } of e2e.ways) {
      expect(await e2e.ask(target, 'SELECT id, email_hash FROM people')).toEqual(hashes);
      const tokens = await e2e.ask(target, 'SELECT id, email_token FROM people');
      expect(new Set(tokens.map(([, token]) => token)).size).toBe(new Set(emails.map(([, email]) => email)).size);
      expect(tokens.map(([, token]) => token?.length)).toEqual(emails.map(([, email]) => email?.length));
      expect(tokens.filter(([, token], index) => token === emails[index]?.[1])).toEqual([]);
    }
  }, 240_000);
});
