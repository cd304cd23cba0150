import { randomUUID } from 'node:crypto';
import { SENT_LEVELS } from '@lutra/model';
import type { LogLine } from '@lutra/model';
import type { LogFilter } from '../bus.ts';
import { decodeJson, encodeJson } from './json-message.ts';
import type { NatsLink } from './nats-link.ts';
import type { StoredMessage } from './ordered-reader.ts';
import { readNewest } from './read-newest.ts';

/** The newest warnings and errors of all instances: a stream that forgets the oldest. */
export class LogStore {
  constructor(private readonly link: NatsLink) {}

  async publish(line: LogLine): Promise<void> {
    await this.link.publish(this.link.subjects.log(line), encodeJson(line), { id: randomUUID() });
  }

  /** Oldest first. */
  async read(filter: LogFilter): Promise<LogLine[]> {
    const { subjects } = this.link;
    const { since, limit, level } = filter;
    const found: StoredMessage[] = [];
    // One filter per consumer (NATS 2.9).
    for (const each of level === undefined ? SENT_LEVELS : [level]) {
      const read = { stream: subjects.streams.logs, filter: subjects.logFilter(filter, each), limit };
      found.push(...(await readNewest(this.link, { ...read, ...(since === undefined ? {} : { since }) })));
    }
    found.sort((one, other) => one.sequence - other.sequence);
    return found.slice(-limit).map(({ data }) => decodeJson(data, 'a line of a log') as LogLine);
  }
}
