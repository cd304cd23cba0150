import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Clients of an HTTP server, each with a connection of its own that stays open. Answers are read, and not looked into. */
export class HttpClients {
  private readonly agent: Agent;

  constructor(
    private readonly address: string,
    private readonly token: string,
    private readonly count: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: count });
  }

  /** Every client asks again as soon as it has its answer. Throws when an answer is no success. */
  async askAsFastAsPossible(
    pathOf: (n: number) => string,
    until: { readonly reads: number } | { readonly seconds: number },
  ): Promise<{ readonly latenciesMs: readonly number[]; readonly seconds: number }> {
    const latenciesMs: number[] = [];
    const startedMs = performance.now();
    let n = 0;
    const isOver = (): boolean =>
      'reads' in until ? n >= until.reads : performance.now() - startedMs >= until.seconds * 1_000;
    const client = async (): Promise<void> => {
      while (!isOver()) latenciesMs.push(await this.ask(pathOf(n++)));
    };
    await Promise.all(Array.from({ length: this.count }, client));
    return { latenciesMs, seconds: (performance.now() - startedMs) / 1_000 };
  }

  /** Requests begin at fixed moments, whatever became of those before: latencies by name, from the moment that was planned. */
  async askAtPace(
    requestOf: (n: number) => { readonly name: string; readonly path: string },
    { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const latencies = new Map<string, number[]>();
    const startedMs = performance.now();
    const asked: Promise<void>[] = [];
    for (let n = 0; n < perSecond * seconds; n++) {
      const plannedMs = startedMs + (n * 1_000) / perSecond;
      const waitMs = plannedMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const { name, path } = requestOf(n);
      const known = latencies.get(name) ?? [];
      latencies.set(name, known);
      asked.push(
        this.ask(path).then(() => {
          known.push(performance.now() - plannedMs);
        }),
      );
    }
    await Promise.all(asked);
    return latencies;
  }

  close(): void {
    this.agent.destroy();
  }

  /** Milliseconds until the last byte of the answer. */
  private ask(path: string): Promise<number> {
    const startedMs = performance.now();
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.token}` };
      const asking = request(`${this.address}${path}`, { agent: this.agent, headers }, (answer) => {
        const { statusCode = 0 } = answer;
        if (statusCode !== 200) reject(new Error(`${path}: ${String(statusCode)}`));
        answer.resume();
        answer.on('end', () => {
          resolve(performance.now() - startedMs);
        });
        answer.on('error', reject);
      });
      asking.on('error', reject);
      asking.end();
    });
  }
}
