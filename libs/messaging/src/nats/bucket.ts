import { SyncError } from '@lutra/model';
import { headers as newHeaders } from '@nats-io/transport-node';
import type { MsgHdrs } from '@nats-io/transport-node';
import { decodeJson, encodeJson } from './json-message.ts';
import { isNoMessage, isOvertaken } from './nats-failure.ts';
import type { NatsLink } from './nats-link.ts';
import { readOrdered } from './ordered-reader.ts';
import { readNewest } from './read-newest.ts';

const OPERATION_HEADER = 'KV-Operation';
const DELETED = 'DEL';
/** As many as a bucket keeps. */
const HISTORY_MAX = 64;

export interface BucketEntry {
  readonly key: string;
  /** Null = deleted. */
  readonly value: unknown;
}

/** A key-value bucket with JSON values, in the layout of NATS's own key-value store. */
export class Bucket {
  private readonly prefix: string;

  constructor(
    private readonly link: NatsLink,
    name: string,
    private readonly stream: string,
  ) {
    this.prefix = link.subjects.key(name, '');
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.link.publish(this.prefix + key, encodeJson(value));
  }

  /** Puts behind the value or deletion at `sequence` (0 = the first of the key); false = there is a newer one. */
  async putAfter(key: string, value: unknown, sequence: number): Promise<boolean> {
    try {
      await this.link.publish(this.prefix + key, encodeJson(value), { afterSequence: sequence });
      return true;
    } catch (error) {
      if (SyncError.is(error) && isOvertaken(error.cause)) return false;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    const headers = newHeaders();
    headers.set(OPERATION_HEADER, DELETED);
    await this.link.publish(this.prefix + key, new Uint8Array(0), { headers });
  }

  /** The current value; null when there is none. Asked of the stream's leader: never an old one. */
  async get(key: string): Promise<unknown> {
    return (await this.held(key)).value;
  }

  /** As {@link get}, with the place of the value or deletion; 0 = neither. */
  async held(key: string): Promise<{ readonly value: unknown; readonly sequence: number }> {
    const stored = await this.link.call(async () => {
      try {
        return await this.link.jsm.streams.getMessage(this.stream, { last_by_subj: this.prefix + key });
      } catch (error) {
        if (isNoMessage(error)) return null;
        throw error;
      }
    });
    if (stored === null) return { value: null, sequence: 0 };
    return { value: valueOf(stored.data, stored.header), sequence: stored.seq };
  }

  /** Values that the key had, newest first; deletions are left out. */
  async history(key: string): Promise<unknown[]> {
    const read = { stream: this.stream, filter: this.prefix + key, limit: HISTORY_MAX };
    const stored = await readNewest(this.link, read);
    return stored
      .map(({ data, headers }) => valueOf(data, headers))
      .filter((value) => value !== null)
      .reverse();
  }

  /** Current values of the keys that match, `limit` at most. For a bucket that keeps one value of each. */
  async values(keys: string, limit: number): Promise<BucketEntry[]> {
    const stored = await readNewest(this.link, { stream: this.stream, filter: this.prefix + keys, limit });
    return stored.map(({ subject, data, headers }) => ({
      key: subject.slice(this.prefix.length),
      value: valueOf(data, headers),
    }));
  }

  /** All keys that match, deleted ones too. */
  async keys(pattern: string): Promise<string[]> {
    const filter = this.prefix + pattern;
    const { state } = await this.link.call(() => this.link.jsm.streams.info(this.stream, { subjects_filter: filter }));
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(this.prefix.length));
  }

  /** Removes the keys that match without a trace. */
  async purge(keys: string): Promise<void> {
    await this.link.call(() => this.link.jsm.streams.purge(this.stream, { filter: this.prefix + keys }));
  }

  /** Removes what the key was before its newest value or deletion. */
  async forgetHistory(key: string): Promise<void> {
    await this.link.call(() => this.link.jsm.streams.purge(this.stream, { filter: this.prefix + key, keep: 1 }));
  }

  /**
   * Current values of all keys that match (`*` = one token), then every change, until the signal aborts. `created`: when the
   * bucket was made.
   */
  async *watch(
    keys: string,
    signal: AbortSignal,
  ): AsyncGenerator<BucketEntry & { readonly created: string }, void, undefined> {
    const read = {
      stream: this.stream,
      filter: this.prefix + keys,
      start: { kind: 'lastPerSubject' as const },
      signal,
    };
    for await (const { subject, data, headers, created } of readOrdered(this.link, read))
      yield { key: subject.slice(this.prefix.length), value: valueOf(data, headers), created };
  }
}

function valueOf(data: Uint8Array, headers: MsgHdrs | undefined): unknown {
  const isDeleted = headers?.has(OPERATION_HEADER) === true;
  return isDeleted || data.length === 0 ? null : decodeJson(data, 'a value of a bucket');
}
