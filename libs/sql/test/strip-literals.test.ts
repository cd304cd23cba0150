import { describe, expect, it } from '@jest/globals';
import { stripLiterals } from '../src/strip-literals.ts';

describe('a statement for people', () => {
  it.each([
    [
      "UPDATE t1 SET a = 'it''s \\' secret', b=12.5e3 WHERE id IN (1,-2, 0xff)",
      'UPDATE t1 SET a = ?, b=? WHERE id IN (?,?, ?)',
    ],
    ['SELECT `odd 12 "name"`, x2 FROM t_3 -- secret 5', 'SELECT `odd 12 "name"`, x2 FROM t_3'],
    ["INSERT INTO t VALUES (x'00ff', \"secret\", N'é') /* secret */", 'INSERT INTO t VALUES (?, ?, ?)'],
    ["SELECT _utf8mb4'secret', 0b0101 WHERE a LIKE'secret'", 'SELECT _utf8mb4?, ? WHERE a LIKE?'],
    ["UPDATE t SET a = 'cut off in the midd", 'UPDATE t SET a = ?'],
    [
      "ALTER  TABLE\n lk.t ADD COLUMN z int(11) DEFAULT 12 COMMENT 'secret'",
      'ALTER TABLE lk.t ADD COLUMN z int(?) DEFAULT ? COMMENT ?',
    ],
  ])('%s', (sql, expected) => {
    expect(stripLiterals(sql)).toBe(expected);
  });

  it('is at most 200 characters long', () => {
    expect(stripLiterals(`SELECT ${'column_name, '.repeat(100)}1`)).toHaveLength(200);
  });
});
