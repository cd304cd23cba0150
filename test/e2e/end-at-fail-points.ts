// Goal: a process that ends at the worst moment loses nothing and doubles nothing (DESIGN §4, guarantees 1 and 2): before and
// after it has published, staged or committed, between the commits of its lanes, before it acknowledges.
// Method: stages are ended by their fail points while a writer commits, in both apply modes, and started again; then
// both sides must have equal hashes.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ServiceName } from '@lutra/model';
import { must } from '@lutra/model';
import { connectTo, waitUntil } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const TABLES = [
  'CREATE TABLE account (id INT PRIMARY KEY, mail VARCHAR(20) NOT NULL, amount INT NOT NULL, UNIQUE KEY (mail))',
  'CREATE TABLE entry (id INT AUTO_INCREMENT PRIMARY KEY, account INT NOT NULL, note VARCHAR(20) NULL)',
  'CREATE TABLE transfer (id INT AUTO_INCREMENT PRIMARY KEY, account INT NOT NULL, amount INT NOT NULL)',
];
const ACCOUNTS = 40;
/** Batches that are large enough to be spread over lanes. */
const ROWS = 400;
/** Between two rounds of the writer: a case ends when everything is applied that was written while its stage was down. */
const PAUSE_MS = 250;
const SHORT = { timeoutMs: 60_000, everyMs: 5 };

/** Where each stage ends. */
export type StagePoints = Readonly<Partial<Record<ServiceName, readonly string[]>>>;
export type ApplyMode = 'merged' | 'transactional';

/** Not the first time, when little has been done yet. */
const armed = (point: string, after: number): Record<string, string> => ({
  LUTRA_FAIL_POINTS: `${point}=exit@${String(after)}`,
});

/** The tests of crash.e2e.test.ts and crash.nightly.test.ts, for pipelines of one apply mode. */
export function endAtFailPoints(applyMode: ApplyMode, points: StagePoints): void {
  let started: E2eStack | null = null;
  let round = 0;
  const e2e = (): E2eStack => must(started, 'everything runs');

  beforeAll(async () => {
    started = await startE2eStack(`crash-${applyMode}`);
    await e2e().createTables(...TABLES);
    // Small processes: transactions are cut, so that there are slices to stage.
    const parameters = { applyMode, lanes: 4, maxRows: 150 };
    await e2e().stack.createPipeline({ mappings: [wholeSchema(e2e().schema)], parameters });
    const rows = Array.from({ length: ACCOUNTS }, (_, id) => `(${String(id)}, 'm${String(id)}', 0)`);
    await e2e().atSource(`INSERT INTO account VALUES ${rows.join(',')}`);
    await expectEqual();
  });

  afterAll(async () => {
    await started?.stop();
  });

  const cases = Object.entries(points).flatMap(([service, ofStage]) =>
    ofStage.map((point) => [service as ServiceName, point] as const),
  );

  it.each(cases)(
    '%s: %s',
    async (service, point) => {
      const { stack } = e2e();
      const instance = await stack.kill(service, 'SIGTERM');
      await instance.exit;
      await stack.restart(service, armed(point, 3));
      const writing = new AbortController();
      const written = write(writing.signal);
      try {
        await waitUntil(() => !instance.isRunning, { what: `${service} to end at ${point}`, ...SHORT });
        expect(instance.end).toBe('exit code 137');
        await stack.restart(service);
      } finally {
        writing.abort();
        await written;
      }
      await expectEqual();
    },
    180_000,
  );

  /** Commits large and small transactions until told to stop: unique values wander, rows come and change and go. */
  async function write(signal: AbortSignal): Promise<void> {
    const connection = await connectTo(e2e().stack.options.servers.source, e2e().schema);
    try {
      for (; !signal.aborted; round++) {
        const one = round % ACCOUNTS;
        const other = (one + 1 + (round % (ACCOUNTS - 1))) % ACCOUNTS;
        const rows = Array.from({ length: ROWS }, (_, n) => `(${String(n % ACCOUNTS)}, ${String(round)})`);
        await connection.query(
          `BEGIN; INSERT INTO transfer (account, amount) VALUES ${rows.join(',')}; UPDATE account SET amount = amount + 1;
           INSERT INTO entry (account) VALUES (${String(one)}), (${String(other)}); COMMIT;
           SELECT mail INTO @one FROM account WHERE id = ${String(one)}; SELECT mail INTO @other FROM account WHERE id = ${String(other)};
           BEGIN; UPDATE account SET mail = 'free' WHERE id = ${String(one)}; UPDATE account SET mail = @one WHERE id = ${String(other)};
           UPDATE account SET mail = @other WHERE id = ${String(one)}; COMMIT;
           UPDATE entry SET note = 'seen' WHERE note IS NULL LIMIT 1; DELETE FROM entry WHERE note = 'seen' LIMIT 1;
           DELETE FROM transfer WHERE id % 3 = ${String(round % 3)} ORDER BY id LIMIT 200`,
        );
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } finally {
      connection.destroy();
    }
  }

  async function expectEqual(): Promise<void> {
    const equal = await e2e().stack.waitEqual(e2e().pairs('account', 'entry', 'transfer'), 60_000);
    expect(differences(equal)).toEqual([]);
  }
}
