// Goal: a source that does not log the names of columns keeps its target equal through schema changes in mid-stream.
// Method: a source of its own without row metadata, written to without a pause while columns are added, moved and renamed;
// select is killed in the middle; the tables are compared by the columns' names at the end.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OwnServer } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

describe.each([
  ['mariadb', '--binlog-row-metadata=NO_LOG'],
  ['mysql', '--binlog-row-metadata=MINIMAL'],
] as const)('a source on %s with %s', (program, option) => {
  let source: OwnServer | null = null;
  let e2e: E2eStack | null = null;

  beforeAll(async () => {
    source = await OwnServer.start({ program, extra: [option] });
    e2e = await startE2eStack(`no-metadata-${program}`, { servers: { source } });
    await e2e.atSource('CREATE TABLE item (id INT NOT NULL PRIMARY KEY, a INT, b INT) ENGINE=InnoDB');
    await e2e.atTarget('CREATE TABLE item (id INT NOT NULL PRIMARY KEY, a INT, b INT, c INT) ENGINE=InnoDB');
    await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)], parameters: { ddl: 'fail' } });
  });

  afterAll(async () => {
    await e2e?.stop();
    await source?.close();
  });

  it('shifts no column', async () => {
    if (e2e === null) throw new Error('the stack runs');
    const { stack, atSource, pairs } = e2e;
    const rows = (from: number): string[] =>
      Array.from(
        { length: 50 },
        (_, n) => `INSERT INTO item (id, a, b) VALUES (${String(from + n)}, ${String(n)}, ${String(-n)})`,
      );
    const arrive = async (): Promise<void> => {
      expect(differences(await stack.waitEqual(pairs('item')))).toEqual([]);
    };
    await atSource(...rows(0));
    await arrive();
    await atSource(
      ...rows(100),
      'ALTER TABLE item ADD COLUMN c INT FIRST',
      'UPDATE item SET c = id WHERE id < 30',
      ...rows(200),
    );
    await arrive();
    await stack.kill('select');
    await atSource(
      ...rows(300),
      'ALTER TABLE item MODIFY b INT AFTER id',
      ...rows(400),
      'DELETE FROM item WHERE id % 7 = 0',
    );
    await stack.restart('select');
    await arrive();
  }, 240_000);
});
