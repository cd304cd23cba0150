/**
 * Law: the server reads every literal back as the value that was written.
 * Method: fast-check's values go to real servers as SELECT literals and come back as text or bytes.
 */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import { literalWriter, quoteBytes, quoteText } from '../src/sql-text.ts';
import { WRITING_TARGETS, TargetFixture } from './target-fixture.ts';

describe.each(WRITING_TARGETS)('literals on %s', (_name, server, bulk) => {
  let target: TargetFixture;
  beforeAll(async () => {
    target = await TargetFixture.open(server, bulk);
  });
  afterAll(() => target.close());

  const readBack = async (literals: readonly string[], shown: (literal: string) => string): Promise<unknown[]> => {
    const sql = literals.map((literal, index) => `${shown(literal)} AS c${String(index)}`).join(', ');
    const [row] = await target.session.query(`SELECT ${sql}`);
    return Object.values(row ?? {});
  };

  it('text', async () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 1, maxLength: 30 });
    const awkward = fc.array(fc.stringMatching(/^['"\\\0;%_\-n]{0,12}$/), { minLength: 1, maxLength: 30 });
    const property = fc.asyncProperty(fc.oneof(texts, awkward), async (values) => {
      const back = await readBack(
        values.map((value) => quoteText(value)),
        (literal) => `HEX(${literal})`,
      );
      const wanted = values.map((value) => Buffer.from(value).toString('hex').toUpperCase());
      return JSON.stringify(back) === JSON.stringify(wanted);
    });
    await fc.assert(property, { numRuns: 20 });
  });

  it('bytes', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 }),
      async (values) => {
        const back = await readBack(
          values.map((value) => quoteBytes(value)),
          (literal) => `HEX(${literal})`,
        );
        return (
          JSON.stringify(back) ===
          JSON.stringify(values.map((value) => Buffer.from(value).toString('hex').toUpperCase()))
        );
      },
    );
    await fc.assert(property, { numRuns: 20 });
  });

  it('doubles and floats to the last bit', async () => {
    const reader = await createConnection({
      host: target.server.host,
      port: target.server.port,
      user: target.server.user,
      password: target.server.password,
    });
    await target.session.query(`CREATE TABLE ${target.schema}.numbers (id int PRIMARY KEY, d double, f float)`);
    const [asDouble, asFloat] = [literalWriter('double'), literalWriter('float')];
    const numbers = fc.record({
      d: fc.double({ noNaN: true, noDefaultInfinity: true }),
      f: fc.float({ noNaN: true, noDefaultInfinity: true }),
    });
    const property = fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 50 }), async (values) => {
      await target.session.query(`DELETE FROM ${target.schema}.numbers`);
      const tuples = values.map(({ d, f }, index) => `(${String(index)},${asDouble(d)},${asFloat(f)})`);
      await target.session.query(`INSERT INTO ${target.schema}.numbers VALUES ${tuples.join(',')}`);
      await target.session.commit();
      // Over the binary protocol: the servers print some doubles with a last digit that is off by one.
      const [rows] = await reader.execute<RowDataPacket[]>(
        `SELECT d, CAST(f AS DOUBLE) AS f FROM ${target.schema}.numbers ORDER BY id`,
      );
      return rows.every((row, index) => row['d'] === values[index]?.d && row['f'] === values[index]?.f);
    });
    await fc.assert(property, { numRuns: 20 });
    await reader.end();
  });
});
