// Goal: rows and transactions of any size go through within bounded memory (DESIGN §4, guarantee 5; §4.1 Memory).
// Method: a 64 MiB LONGBLOB is inserted, another column of its row updated, the row deleted, a transaction of 300 000 rows
// committed, and large rows among thousands of small ones, which load reads ahead and spreads over its lanes; hashes must be
// equal after each step, and the peak resident size of every service below 512 MiB.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICES } from '@lutra/model';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const MIB = 1024 * 1024;
const RSS_MAX = 512 * MIB;
/** A disk that is busy with something else takes its time for 64 MiB in two binlogs, a stream and two tables. */
const ARRIVAL_MS_MAX = 300_000;
/** A row of 64 MiB, made at the server from a random seed, so that it does not compress to nothing anywhere. */
const document = (id: number): string =>
  `INSERT INTO documents SELECT ${String(id)}, 'one', REPEAT(UNHEX(SHA2('seed', 512)), ${String((64 * MIB) / 64)})`;
const measures = (first: number, last: number): string =>
  `INSERT INTO measures SELECT seq, CONCAT('measure ', seq), seq / 7 FROM seq_${String(first)}_to_${String(last)}`;

describe('large rows', () => {
  let e2e: E2eStack;

  beforeAll(async () => {
    e2e = await startE2eStack('large-rows');
    await e2e.createTables(
      'CREATE TABLE documents (id INT NOT NULL PRIMARY KEY, title VARCHAR(40) NOT NULL, body LONGBLOB) ENGINE=InnoDB',
      'CREATE TABLE measures (id INT NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, value DOUBLE) ENGINE=InnoDB',
    );
    await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
  });

  afterAll(async () => {
    const peaks = SERVICES.map(
      (service) => `${service} ${String(Math.round((e2e.stack.memory(service)[0]?.peakRssBytes ?? 0) / MIB))} MiB`,
    );
    process.stdout.write(`Peak resident size: ${peaks.join(', ')}\n`);
    await e2e.stop();
  });

  it.each([
    ['INSERT of a 64 MiB LONGBLOB', [document(1)]],
    ['UPDATE of another column of that row', ["UPDATE documents SET title = 'two' WHERE id = 1"]],
    ['DELETE of that row', ['DELETE FROM documents WHERE id = 1']],
    ['a transaction of 300 000 rows', [measures(1, 300_000)]],
    [
      'a transaction of large rows among thousands of small ones',
      ['BEGIN', document(2), measures(300_001, 305_000), document(3), measures(305_001, 310_000), 'COMMIT'],
    ],
  ])(
    '%s arrives within 512 MiB',
    async (_what, statements) => {
      await e2e.atSource(...statements);
      expect(differences(await e2e.stack.waitEqual(e2e.pairs('documents', 'measures'), ARRIVAL_MS_MAX))).toEqual([]);
      for (const service of SERVICES)
        for (const { peakRssBytes } of e2e.stack.memory(service))
          expect([service, peakRssBytes < RSS_MAX]).toEqual([service, true]);
    },
    ARRIVAL_MS_MAX + 120_000,
  );
});
