/**
 * Goal: what a collation of the server holds equal has one identity.
 * Method: each server weighs all ASCII characters, all pairs of letters and the letters that are contracted somewhere, in each
 * of its collations; texts of one weight must have one identity.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TargetSession } from '@lutra/sql';
import { keyIdentity } from '../src/key-identity.ts';
import { TargetFixture, TARGETS } from './target-fixture.ts';

const LETTERS = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
const WORDS = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ...LETTERS.flatMap((one) => LETTERS.map((two) => one + two)),
  // Hungarian: a doubled digraph has its first letter twice.
  ...['cs', 'dz', 'dzs', 'gy', 'ly', 'ny', 'sz', 'ty', 'zs'].flatMap((pair) => [pair + pair, pair.slice(0, 1) + pair]),
];

/** The collations with the charset that each needs; MariaDB names some of them without one. */
async function collations(session: TargetSession): Promise<readonly (readonly [charset: string, collation: string])[]> {
  const rows = await session.query(
    'SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS WHERE COLLATION_NAME IS NOT NULL',
  );
  return rows.map((row) => {
    const name = String(row['name']);
    return name.startsWith('uca1400_') ? ['utf8mb4', `utf8mb4_${name}`] : [name.replace(/_.*$/, ''), name];
  });
}

describe.each(TARGETS)('texts that %s holds equal', (_server, name) => {
  let fixture: TargetFixture;

  beforeAll(async () => {
    fixture = await TargetFixture.open(name);
    await fixture.session.query(`CREATE TABLE ${fixture.schema}.w (id INT PRIMARY KEY, v VARBINARY(10))`);
    const rows = WORDS.map((word, id) => `(${String(id)},x'${Buffer.from(word).toString('hex')}')`);
    await fixture.session.query(`INSERT INTO ${fixture.schema}.w VALUES ${rows.join(',')}`);
    await fixture.session.commit();
  });
  afterAll(() => fixture.close());

  it('have one identity in every collation', async () => {
    const { session, schema } = fixture;
    let told = 0;
    const apart: string[] = [];
    for (const [charset, collation] of await collations(session)) {
      const identity = keyIdentity('text', { dataType: 'varchar', charset, collation } as Parameters<
        typeof keyIdentity
      >[1]);
      // Bytes are equal when they are the same; and most of ASCII does not exist in swe7.
      if (charset === 'binary' || charset === 'swe7' || identity('abc') === null) continue;
      told += 1;
      const text = `CONVERT(CONVERT(v USING utf8mb4) USING ${charset}) COLLATE ${collation}`;
      const groups = await session.query(
        `SELECT GROUP_CONCAT(id) AS ids FROM (SELECT id, WEIGHT_STRING(${text}) AS weight FROM ${schema}.w) AS x ` +
          'GROUP BY weight HAVING COUNT(*) > 1',
      );
      for (const { ids } of groups as readonly { readonly ids?: unknown }[]) {
        const equal = String(ids)
          .split(',')
          .map((id) => WORDS[Number(id)] ?? '');
        if (new Set(equal.map((word) => identity(word))).size > 1) apart.push(`${collation}: ${JSON.stringify(equal)}`);
      }
    }
    expect(apart).toEqual([]);
    expect(told).toBeGreaterThan(100);
  });
});
