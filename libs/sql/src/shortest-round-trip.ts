/** How much the estimate may grow from one session to the next, so that it follows a server that has moved away. */
const GROWTH_MAX = 1.5;

/**
 * The shortest round trip to each address, in ms. A session that is opened while the machine is busy measures how long it
 * waits for a core, and sessions are opened when everything starts: those before it knew better.
 */
export class ShortestRoundTrips {
  private readonly byAddress = new Map<string, number>();

  /** What holds now that a new session has measured `measuredMs`. */
  observe(address: string, measuredMs: number): number {
    const known = this.byAddress.get(address) ?? Number.POSITIVE_INFINITY;
    const shortestMs = Math.min(measuredMs, known * GROWTH_MAX);
    this.byAddress.set(address, shortestMs);
    return shortestMs;
  }
}
