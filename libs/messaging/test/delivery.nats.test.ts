// Goal: what surrounds a process on its way: trace, progress while it is held, and messages that nobody can read.
// Method: a real server, looked at with a second, plain connection; a propagator of our own instead of an SDK.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { ContextManager, TextMapPropagator } from '@opentelemetry/api';
import { consumeSelected, eventually, nextOf, openTestBus, processHeader, writeProcess } from './fixtures.ts';
import type { TestBus } from './fixtures.ts';

jest.setTimeout(40_000);

let test: TestBus;
let stop: AbortController;
let plain: NatsConnection;
let root: string;

beforeEach(async () => {
  test = await openTestBus();
  stop = new AbortController();
  const { servers, user, password, namespace } = test.options;
  plain = await connect({ servers, user: user ?? '', pass: password ?? '' });
  root = namespace;
});

afterEach(async () => {
  stop.abort();
  await plain.close();
  await test.close();
});

const identity = { pipelineId: 'P1', epoch: 1, process: 1 };

describe('the trace of a process', () => {
  const spanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  const active = trace.setSpanContext(ROOT_CONTEXT, spanContext);
  /** Traceparent as W3C defines it, without the rest of an SDK. */
  const propagator: TextMapPropagator = {
    fields: () => ['traceparent'],
    inject: (from, carrier, setter) => {
      const span = trace.getSpanContext(from);
      if (span !== undefined) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-01`);
    },
    extract: (to, carrier, getter) => {
      const [, traceId, spanId] = String(getter.get(carrier, 'traceparent')).split('-');
      if (traceId === undefined || spanId === undefined) return to;
      return trace.setSpanContext(to, { traceId, spanId, traceFlags: 1, isRemote: true });
    },
  };
  const always: ContextManager = {
    active: () => active,
    with: (_context, work, self, ...parameters) => work.apply(self as never, parameters),
    bind: (_context, target) => target,
    enable: () => always,
    disable: () => always,
  };

  afterEach(() => {
    propagation.disable();
    context.disable();
  });

  it('goes from writer to reader', async () => {
    propagation.setGlobalPropagator(propagator);
    context.setGlobalContextManager(always);
    await writeProcess(test.bus, identity, Buffer.from('x'));
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(trace.getSpanContext(delivery.traceContext)).toMatchObject({
      traceId: spanContext.traceId,
      spanId: spanContext.spanId,
    });
  });

  it('is the root context when there is none', async () => {
    await writeProcess(test.bus, identity, Buffer.from('x'));
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(trace.getSpanContext(delivery.traceContext)).toBeUndefined();
  });
});

describe('a delivery', () => {
  it('is said to be in progress while it is held, buffered ones too, and no longer once it is settled', async () => {
    const said = plain.subscribe(`$JS.ACK.${root.toUpperCase()}_SELECTED.>`)[Symbol.asyncIterator]();
    await plain.flush();
    await writeProcess(test.bus, identity, Buffer.from('x'));
    await writeProcess(test.bus, { ...identity, process: 2 }, Buffer.from('x'));
    const iterator = consumeSelected(test.bus, stop.signal, 2);
    const first = await nextOf(iterator);
    const signals = [await nextOf(said), await nextOf(said)];
    expect(signals.map((signal) => signal.string())).toEqual(['+WPI', '+WPI']);
    expect(new Set(signals.map((signal) => signal.subject)).size).toBe(2);
    await first.ack();
    expect((await nextOf(said)).string()).toBe('+ACK');
    expect((await nextOf(said)).subject).not.toBe(signals[0]?.subject);
  });

  it('carries the headers that a router needs', async () => {
    await writeProcess(test.bus, identity, Buffer.from('x'));
    const jsm = await jetstream(plain).jetstreamManager();
    const stored = await jsm.streams.getMessage(`${root.toUpperCase()}_SELECTED`, { seq: 1 });
    expect(stored?.subject).toBe(`${root}.selected.any.P1.1`);
    expect(Object.fromEntries([...(stored?.header ?? [])].map(([name, values]) => [name, values[0]]))).toEqual({
      'Lutra-Pipeline': 'P1',
      'Lutra-Process': '1',
      'Lutra-Epoch': '1',
      'Lutra-Config': String(processHeader().revision),
      'Lutra-Schema': 'raw-process/1',
      'Nats-Msg-Id': 'P1.1.1.select',
    });
  });

  it('of an unreadable message names its process and fails when its body is asked for', async () => {
    const names = headers();
    names.set('Lutra-Pipeline', 'P1');
    names.set('Lutra-Process', '5');
    names.set('Lutra-Epoch', '1');
    names.set('Lutra-Config', '3');
    const js = jetstream(plain);
    await js.publish(`${root}.selected.any.P1.1`, Buffer.from('no process at all'));
    await js.publish(`${root}.selected.any.P1.1`, Buffer.from('damaged'), { headers: names });
    await js.publish(`${root}.selected.any.P1.1`, Buffer.from([0x4c, 0x55, 9, 0, 0]), { headers: names });
    const iterator = consumeSelected(test.bus, stop.signal);
    const damaged = await nextOf(iterator);
    expect(damaged.header).toMatchObject({ ...identity, process: 5, revision: 3 });
    await expect(damaged.fetchBody()).rejects.toMatchObject({ code: 'MESSAGING_MALFORMED_BODY' });
    const future = await nextOf(iterator);
    await expect(future.fetchBody()).rejects.toMatchObject({ code: 'MESSAGING_UNKNOWN_SCHEMA' });
    await damaged.ack();
    future.term('unknown schema');
    await eventually(async () => (await test.bus.queuedProcesses('P1', 1)).selected === 0);
  });

  it('fails when a part was changed', async () => {
    await writeProcess(test.bus, identity, Buffer.alloc(1024 * 1024, 1));
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    const jsm = await jetstream(plain).jetstreamManager();
    const part = await jsm.streams.getMessage(`${root.toUpperCase()}_BODIES`, { seq: 1 });
    await jetstream(plain).publish(part?.subject ?? '', Buffer.alloc(768 * 1024, 2));
    await expect(delivery.fetchBody()).rejects.toMatchObject({ code: 'MESSAGING_MALFORMED_BODY' });
  });
});

describe('a writer', () => {
  it('sends a refused part again when it is asked to go on', async () => {
    const jsm = await jetstream(plain).jetstreamManager();
    const bodies = `${root.toUpperCase()}_BODIES`;
    const { config } = await jsm.streams.info(bodies);
    await jsm.streams.update(bodies, { ...config, max_bytes: 1024 });
    const body = Buffer.alloc(6 * 1024 * 1024, 3);
    const writer = test.bus.writeProcess({ queue: 'selected', identity, schema: 'raw-process/1' });
    writer.write(body);
    await expect(writer.drain()).rejects.toMatchObject({ code: 'BUS_STREAM_FULL' });
    expect(writer.isFull).toBe(true);
    await expect(writer.finish(processHeader())).rejects.toMatchObject({ code: 'BUS_STREAM_FULL' });
    await jsm.streams.update(bodies, config);
    await writer.finish(processHeader());
    const delivery = await nextOf(consumeSelected(test.bus, stop.signal));
    expect(Buffer.from(await delivery.fetchBody()).equals(body)).toBe(true);
  });
});
