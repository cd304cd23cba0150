// Goal: whoever reads while the connection is closed sees the end of the messages, at whatever moment that is.
// Method: the consumer is prepared just when the connection begins to close.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NatsLink } from '../src/nats/nats-link.ts';
import { PullReader } from '../src/nats/pull-reader.ts';
import { openTestBus } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

describe('a pull reader', () => {
  let test: TestBus;

  beforeEach(async () => {
    test = await openTestBus();
  });

  afterEach(async () => {
    await test.close();
  });

  it('ends when the connection closes while it prepares its consumer', async () => {
    const link = await NatsLink.open(test.options);
    let closing = Promise.resolve();
    const reader = new PullReader(link, {
      prepare: () => {
        closing = link.close();
        return Promise.resolve({ stream: 'S', consumer: 'C' });
      },
      roomMax: 1,
      heldCount: () => 0,
      signal: new AbortController().signal,
    });
    expect((await reader.messages().next()).done).toBe(true);
    await closing;
  });
});
