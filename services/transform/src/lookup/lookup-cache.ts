import { must } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { LookupAnswer, LookupKey } from '@lutra/mapping';

/** Of all that the instance keeps. */
const CACHE_BYTES_MAX = 64 * 1024 * 1024;
/** What an entry takes beside its texts, about. */
const ENTRY_BYTES = 128;
const VALUE_BYTES = 16;

/** What a look-up says of its cache. */
export interface CacheLimits {
  readonly ttlMs: number;
  readonly rowsMax: number;
  /** Whether it is worth knowing that there is no row. */
  readonly keepsMissing: boolean;
}

type ReadRows = (keys: readonly LookupKey[]) => Promise<readonly LookupAnswer[]>;

interface Entry {
  readonly answer: LookupAnswer;
  /** When its reading began. */
  readonly sinceMs: number;
  readonly bytes: number;
}

/**
 * What look-ups have found, for all pipelines of an instance. Invariants:
 * - An answer is never older than its `ttlMs`, counted from before it was read.
 * - No look-up keeps more than its `rowsMax` answers, and all together take no more than {@link CACHE_BYTES_MAX}: of one look-up
 *   the answer goes that was asked for longest ago, and where bytes are short the look-up that was asked longest ago goes first.
 * - A key is read once at a time: who asks meanwhile gets that answer, unless it may not be kept.
 * - What refuses a row is never kept, so that it is read again when somebody has mended it; nor is it kept that there is no
 *   row, where the reader says so.
 */
export class LookupCache {
  /** In the order in which they were asked last. */
  private readonly tables = new Map<string, CachedTable>();
  private bytes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly bytesMax = CACHE_BYTES_MAX,
  ) {}

  /** One answer for each of the keys, which are distinct, in their order; what is not known is read. Throws what reading throws. */
  async find(
    table: string,
    keys: readonly LookupKey[],
    how: { readonly limits: CacheLimits; readonly read: ReadRows },
  ): Promise<readonly LookupAnswer[]> {
    const found = new Map<string, LookupAnswer>();
    let open = keys;
    while (open.length > 0) open = await this.findSome(this.tableOf(table), open, { ...how, found });
    return keys.map(({ text }) => must(found.get(text), 'nothing is open any more'));
  }

  /** Returns the keys for whose answer somebody else was waited for in vain. */
  private async findSome(
    table: CachedTable,
    keys: readonly LookupKey[],
    { limits, read, found }: FindSome,
  ): Promise<readonly LookupKey[]> {
    const joined: { readonly key: LookupKey; readonly flight: Flight }[] = [];
    const own: LookupKey[] = [];
    for (const key of keys) {
      const known = this.recall(table, key.text, limits);
      const flight = limits.ttlMs > 0 ? table.flights.get(key.text) : undefined;
      if (known !== undefined) found.set(key.text, known);
      else if (flight === undefined) own.push(key);
      else joined.push({ key, flight });
    }
    const reading = own.length === 0 ? Promise.resolve() : this.readOwn(table, own, { limits, read, found });
    const answers = Promise.all(joined.map(({ flight }) => flight));
    const [others] = await Promise.all([answers, reading]);
    return joined.flatMap(({ key }, index) => {
      const answer = others[index]?.get(key.text);
      if (answer === undefined || !isKept(answer, limits)) return [key];
      found.set(key.text, answer);
      return [];
    });
  }

  private async readOwn(
    table: CachedTable,
    keys: readonly LookupKey[],
    { limits, read, found }: FindSome,
  ): Promise<void> {
    const sinceMs = this.clock.monotonicMs();
    const reading = read(keys).then(
      (answers) => new Map(keys.map(({ text }, index) => [text, must(answers[index], 'one answer for each key')])),
    );
    // Who waits for it reads by himself when this fails.
    const flight: Flight = reading.catch(() => null);
    for (const { text } of keys) table.flights.set(text, flight);
    try {
      for (const [text, answer] of await reading) {
        found.set(text, answer);
        if (isKept(answer, limits)) this.keep(table, text, { answer, sinceMs, limits });
      }
    } finally {
      for (const { text } of keys) if (table.flights.get(text) === flight) table.flights.delete(text);
    }
  }

  private tableOf(name: string): CachedTable {
    const table = this.tables.get(name) ?? { entries: new Map<string, Entry>(), flights: new Map<string, Flight>() };
    this.tables.delete(name);
    this.tables.set(name, table);
    return table;
  }

  private recall(table: CachedTable, text: string, limits: CacheLimits): LookupAnswer | undefined {
    const entry = table.entries.get(text);
    if (entry === undefined) return undefined;
    table.entries.delete(text);
    if (this.clock.monotonicMs() - entry.sinceMs >= limits.ttlMs || !isKept(entry.answer, limits)) {
      this.bytes -= entry.bytes;
      return undefined;
    }
    table.entries.set(text, entry);
    return entry.answer;
  }

  private keep(
    table: CachedTable,
    text: string,
    { answer, sinceMs, limits }: { answer: LookupAnswer; sinceMs: number; limits: CacheLimits },
  ): void {
    const bytes = bytesOf(text, answer);
    if (limits.ttlMs === 0 || limits.rowsMax === 0 || bytes > this.bytesMax) return;
    this.forget(table, text);
    table.entries.set(text, { answer, sinceMs, bytes });
    this.bytes += bytes;
    while (table.entries.size > limits.rowsMax) this.forgetOldest(table);
    for (const [name, other] of this.tables) {
      while (this.bytes > this.bytesMax && other.entries.size > 0) this.forgetOldest(other);
      if (this.bytes <= this.bytesMax) return;
      if (other.flights.size === 0) this.tables.delete(name);
    }
  }

  private forgetOldest(table: CachedTable): void {
    const [text] = table.entries.keys();
    if (text !== undefined) this.forget(table, text);
  }

  private forget(table: CachedTable, text: string): void {
    this.bytes -= table.entries.get(text)?.bytes ?? 0;
    table.entries.delete(text);
  }
}

/** Null: the reading failed. */
type Flight = Promise<ReadonlyMap<string, LookupAnswer> | null>;

interface CachedTable {
  /** In the order in which they were asked for last. */
  readonly entries: Map<string, Entry>;
  readonly flights: Map<string, Flight>;
}

interface FindSome {
  readonly limits: CacheLimits;
  readonly read: ReadRows;
  readonly found: Map<string, LookupAnswer>;
}

const isKept = (answer: LookupAnswer, { keepsMissing }: CacheLimits): boolean =>
  typeof answer !== 'string' || (answer === 'missing' && keepsMissing);

function bytesOf(text: string, answer: LookupAnswer): number {
  let bytes = ENTRY_BYTES + 2 * text.length;
  if (typeof answer === 'string') return bytes;
  for (const value of answer) {
    bytes += VALUE_BYTES;
    if (typeof value === 'string') bytes += 2 * value.length;
    else if (value instanceof Uint8Array) bytes += value.length;
  }
  return bytes;
}
