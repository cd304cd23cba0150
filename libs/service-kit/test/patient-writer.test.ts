import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ProcessWriter } from '@lutra/messaging';
import { SyncError } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';
import { PatientWriter } from '../src/patient-writer.ts';
import { FakeClock } from './fake-clock.ts';
import { processHeader } from './process-header.ts';

/** A writer that answers finish and drain with the given failures before it succeeds. */
class ScriptedWriter implements ProcessWriter {
  readonly isFull = false;
  calls = 0;
  aborts = 0;

  constructor(private readonly failures: ErrorCode[]) {}

  write(): void {
    this.calls += 0;
  }

  async drain(): Promise<void> {
    await this.finish();
  }

  async finish(): Promise<void> {
    this.calls += 1;
    const code = this.failures.shift();
    if (code !== undefined) throw new SyncError(code);
  }

  async abort(): Promise<void> {
    this.aborts += 1;
  }
}

describe('PatientWriter', () => {
  const header = processHeader({ process: 1 });
  let clock: FakeClock;
  let stop: AbortController;
  beforeEach(() => {
    clock = new FakeClock();
    stop = new AbortController();
  });
  const patient = (inside: ProcessWriter): PatientWriter => new PatientWriter(inside, clock, stop.signal);

  it.each(['finish', 'drain'] as const)('%s waits while the stream is full or NATS is away', async (method) => {
    const inside = new ScriptedWriter(['BUS_STREAM_FULL', 'BUS_UNREACHABLE', 'BUS_STREAM_FULL']);
    const done = patient(inside)[method](header);
    await clock.advance(2_000);
    await done;
    expect(inside.calls).toBe(4);
  });

  it('passes other failures on at once', async () => {
    await expect(patient(new ScriptedWriter(['INTERNAL'])).finish(header)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('gives up when the epoch passes', async () => {
    const inside = new ScriptedWriter(Array.from({ length: 9 }, () => 'BUS_STREAM_FULL' as const));
    const done = patient(inside).finish(header);
    const rejected = expect(done).rejects.toBeDefined();
    await clock.advance(300);
    stop.abort();
    await rejected;
  });

  it.each([
    ['takes its parts back when the message was refused', 'BUS_STREAM_FULL', 1],
    ['leaves its parts alone when the message may be stored: a reader would miss them', 'BUS_UNREACHABLE', 0],
  ] as const)('%s', async (_what, code, aborts) => {
    const inside = new ScriptedWriter([code]);
    const writer = patient(inside);
    stop.abort();
    await expect(writer.finish(header)).rejects.toBeDefined();
    await writer.abort();
    expect(inside.aborts).toBe(aborts);
  });
});
