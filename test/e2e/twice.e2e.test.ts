// Goal: at-least-once delivery doubles nothing, not even where writing a row once more would: without a key, and where a
// column moves by the source's difference (DESIGN §4, guarantee 2).
// Method: every message of the three queues is published a second time under another id, at once; and once more when all has
// been loaded, with the epoch still running. The target's counters begin elsewhere, so that each difference is added to them.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { connect, headers as newHeaders } from '@nats-io/transport-node';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { PipelineParameters } from '@lutra/model';
import { must } from '@lutra/model';
import { connectTo, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { differences, startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const QUEUES = ['selected', 'extracted', 'transformed'] as const;
const TRANSACTIONS = 60;
const OFFSET = 1_000;
const REPEAT_MARK = 'Test-Repeat';
const MODES: Readonly<Record<string, Partial<PipelineParameters>>> = {
  merged: { applyMode: 'merged', lanes: 4 },
  transactional: { applyMode: 'transactional' },
};

/** Publishes what comes through the queues once more. */
class Repeater {
  readonly counts = new Map<string, number>();
  private readonly seen: Msg[] = [];
  private readonly failures: unknown[] = [];
  private pending = Promise.resolve();
  private repeats = 0;

  private constructor(
    private readonly nats: NatsConnection,
    private readonly client: JetStreamClient,
    private readonly manager: JetStreamManager,
    private readonly namespace: string,
  ) {}

  static async start({ stack }: E2eStack): Promise<Repeater> {
    const { servers, user, password } = stack.options.servers.nats;
    const nats = await connect({ servers: servers.split(','), user, pass: password });
    const repeater = new Repeater(nats, jetstream(nats), await jetstreamManager(nats), stack.namespace);
    for (const queue of QUEUES)
      nats.subscribe(`${stack.namespace}.${queue}.>`, {
        callback: (error, message) => {
          if (error === null) repeater.take(queue, message);
          else repeater.failures.push(error);
        },
      });
    await nats.flush();
    return repeater;
  }

  /** Everything that has come so far, in its order. */
  async repeatAll(): Promise<void> {
    for (const message of [...this.seen]) await this.repeat(message);
  }

  /** Resolves when the queues are empty: every repeat has been taken and answered. */
  async drained(): Promise<void> {
    await this.pending;
    expect(this.failures).toEqual([]);
    for (const queue of QUEUES)
      await waitUntil(
        async () => {
          const name = `${this.namespace}_${queue}`.toUpperCase();
          return (await this.manager.streams.info(name)).state.messages === 0;
        },
        { what: `the repeats to be taken from ${queue}`, timeoutMs: 60_000 },
      );
  }

  close(): Promise<void> {
    return this.nats.close();
  }

  private take(queue: string, message: Msg): void {
    if (message.headers?.has(REPEAT_MARK) === true) return;
    this.counts.set(queue, (this.counts.get(queue) ?? 0) + 1);
    this.seen.push(message);
    this.pending = this.pending
      .then(() => this.repeat(message))
      .catch((error: unknown) => void this.failures.push(error));
  }

  private async repeat({ subject, data, headers }: Msg): Promise<void> {
    const copied = newHeaders();
    for (const [name, values] of headers ?? [])
      if (!name.startsWith('Nats-')) for (const value of values) copied.append(name, value);
    copied.set(REPEAT_MARK, 'yes');
    const options = { headers: copied, msgID: `repeat-${String((this.repeats += 1))}` };
    // A queue that is full refuses it for a while.
    const ack = await waitUntil(() => this.client.publish(subject, data, options), {
      what: 'room for a repeat',
      timeoutMs: 60_000,
      everyMs: 20,
    });
    expect(ack.duplicate).toBe(false);
  }
}

describe.each(Object.entries(MODES))('every process delivered twice, %s', (mode, parameters) => {
  let e2e: E2eStack;
  let repeater: Repeater | null = null;

  beforeAll(async () => {
    e2e = await startE2eStack(`twice-${mode}`);
    await e2e.createTables(
      'CREATE TABLE bag (a INT, b VARCHAR(20))',
      'CREATE TABLE keyed (id INT PRIMARY KEY, n INT, u INT UNIQUE)',
      'CREATE TABLE stock (id INT PRIMARY KEY, note VARCHAR(20), pieces INT)',
      "INSERT INTO stock VALUES (0, 'a', 0), (1, 'a', 0), (2, 'a', 0), (3, 'a', 0), (4, 'a', 0)",
    );
    await e2e.atTarget(`UPDATE stock SET pieces = pieces + ${String(OFFSET)}`);
    const { schema } = e2e;
    const plain = { source: { schema, table: { regex: 'bag|keyed' } }, target: { schema } };
    const moved = {
      source: { schema, table: { exact: 'stock' } },
      target: { schema },
      onConflict: { kind: 'merge', columns: ['note'], deltaColumns: ['pieces'] },
    } as const;
    repeater = await Repeater.start(e2e);
    await e2e.stack.createPipeline({
      mappings: [plain, moved],
      parameters: { ...parameters, maxRows: 7, parallelism: 8 },
    });
  });

  afterAll(async () => {
    await repeater?.close();
    await e2e.stop();
  });

  it('doubles nothing', async () => {
    const repeats = must(repeater, 'it has started');
    await e2e.atSource(...Array.from({ length: TRANSACTIONS }, (_, n) => transaction(n)).flat());
    const expectSame = async (): Promise<void> => {
      expect(differences(await e2e.stack.waitEqual(e2e.pairs('bag', 'keyed')))).toEqual([]);
      const { source, target } = e2e.stack.options.servers;
      const there = await stockOf(source, e2e.schema);
      const wanted = there.map(([id, pieces]) => [id, pieces + OFFSET]);
      expect(await stockOf(target, e2e.schema)).toEqual(wanted);
    };
    await e2e.stack.waitEqual(e2e.pairs('bag', 'keyed'));
    await repeats.drained();
    await expectSame();
    await repeats.repeatAll();
    await repeats.drained();
    await expectSame();
    for (const queue of QUEUES) expect(repeats.counts.get(queue)).toBeGreaterThan(10);
  });
});

/** Small ones, and each tenth so large that it is cut into slices. */
const transaction = (n: number): string[] => {
  const [k, size] = [String(n), n % 10 === 0 ? 30 : 2];
  const equal = Array.from({ length: size }, () => `(${String(n % 3)}, 'x')`);
  return [
    'BEGIN',
    `INSERT INTO bag VALUES ${equal.join(', ')}`,
    `UPDATE bag SET b = 'y${k}' WHERE a = 1 LIMIT 2`,
    'DELETE FROM bag WHERE a = 2 LIMIT 1',
    `INSERT INTO keyed VALUES (${k}, ${k}, ${k})`,
    `UPDATE keyed SET n = n + 1, u = u + 1000 WHERE id >= ${String(n - 5)}`,
    `DELETE FROM keyed WHERE id = ${String(n - 20)}`,
    `UPDATE stock SET pieces = pieces + ${String(n + 1)} WHERE id = ${String(n % 5)}`,
    `UPDATE stock SET pieces = pieces - 1, note = 'n${k}'`,
    'COMMIT',
  ];
};

async function stockOf(server: DatabaseServer, schema: string): Promise<(readonly [number, number])[]> {
  const connection = await connectTo(server, schema);
  try {
    const [rows] = await connection.query('SELECT id, pieces FROM stock ORDER BY id');
    return (rows as Readonly<Record<string, unknown>>[]).map(({ id, pieces }) => [Number(id), Number(pieces)]);
  } finally {
    connection.destroy();
  }
}
