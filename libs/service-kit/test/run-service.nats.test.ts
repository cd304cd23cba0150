// Goal: a service comes up, tells the truth about itself, and goes down in order.
// Method: runService on real NATS and ZooKeeper in an installation of its own, with signals and exit in the test's hands.
import { connect, createServer } from 'node:net';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { SpanKind, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { freePorts, OtlpReceiver, testServers } from '@lutra/testing';
import { BaseEnv } from '../src/base.env.ts';
import { runService } from '../src/run-service.ts';
import { SERVICE_CONTEXT } from '../src/service-context.ts';
import type { ServiceContext } from '../src/service-context.ts';
import { stageWorker } from '../src/stage-worker.ts';
import { StageEnv } from '../src/stage.env.ts';
import type { Worker } from '../src/worker.ts';
import { pipelineDefinition, selectProcess, soon, TestInstallation } from './kit-fixture.ts';
import { processHeader } from './process-header.ts';
import { TestHost } from './test-host.ts';

jest.setTimeout(60_000);

/** A controller as the manager has them: what it needs comes by token. */
@Controller('who')
class WhoController {
  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  @Get()
  who(): { instance: string } {
    return { instance: this.context.identity.instance };
  }
}

@Module({ controllers: [WhoController] })
class WhoModule {}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

/** A NATS server that starts late: hands a port on to the real one. */
async function forward(port: number): Promise<{ opened: number; open: number; stop: () => Promise<void> }> {
  const [host = '', natsPort = ''] = testServers().nats.servers.split(':');
  const server = createServer((socket) => {
    counts.opened += 1;
    counts.open += 1;
    const nats = connect(Number(natsPort), host);
    socket.pipe(nats).pipe(socket);
    socket.on('error', () => nats.destroy());
    nats.on('error', () => socket.destroy());
    socket.on('close', () => (counts.open -= 1));
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  const counts = { opened: 0, open: 0, stop };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return counts;
}

describe('runService', () => {
  let installation: TestInstallation;
  let port: number;
  beforeEach(async () => {
    installation = await TestInstallation.open();
    [port = 0] = await freePorts(1);
  });
  const undo: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const run of undo.splice(0)) await run();
    await installation.close();
  });

  const hostOf = (change: Record<string, string> = {}): TestHost =>
    new TestHost({
      ...installation.environment,
      LUTRA_INSTANCE: 'arbiter-1',
      LUTRA_HTTP_PORT: String(port),
      LUTRA_LOG_LEVEL: 'error',
      ...change,
    });
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };

  it('comes up, is ready, joins, serves its own module, and goes down in order', async () => {
    const story: string[] = [];
    const worker: Worker = {
      name: 'watch',
      run: async (signal) => {
        story.push('run');
        await untilAborted(signal);
        story.push('aborted');
      },
      drain: async () => {
        const [self] = await installation.coordinator.members('arbiter');
        story.push(`drain, ready ${String((await get('/health/ready')).status)}, draining ${String(self?.draining)}`);
      },
      tasks: () => 3,
    };
    const host = hostOf();
    await runService({ service: 'arbiter', Env: BaseEnv, module: () => WhoModule, workers: () => [worker] }, host);
    expect(await get('/health/ready')).toEqual({ status: 200, text: '{"status":"ok","reasons":[]}' });
    expect((await get('/health/live')).status).toBe(200);
    expect(await get('/who')).toEqual({ status: 200, text: '{"instance":"arbiter-1"}' });
    expect((await get('/metrics')).text).toContain('lutra_budget_limit');
    const [self] = await installation.coordinator.members('arbiter');
    expect(self).toMatchObject({ instance: 'arbiter-1', httpPort: port, draining: false, load: { tasks: 3 } });

    host.signal('SIGTERM');
    await soon('the exit', () => host.exits.length > 0);
    expect(host.exits).toEqual([0]);
    expect(story).toEqual(['run', 'drain, ready 503, draining true', 'aborted']);
    expect(await installation.coordinator.members('arbiter')).toEqual([]);
    await expect(get('/health/live')).rejects.toThrow();
  });

  it('waits for NATS, and says so, and can be stopped meanwhile', async () => {
    const [deadPort] = await freePorts(1);
    const host = hostOf({ LUTRA_NATS_SERVERS: `127.0.0.1:${String(deadPort)}` });
    const starting = runService({ service: 'arbiter', Env: BaseEnv, workers: () => [] }, host);
    await soon('the server to listen', async () => (await get('/health/live')).status === 200);
    const ready = await get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.text).toContain('waiting for NATS');
    host.signal('SIGTERM');
    await soon('the exit', () => host.exits.length > 0);
    expect(host.exits).toEqual([0]);
    await starting;
    // NATS comes too late: the connection that was still being made is closed again.
    const connections = await forward(deadPort ?? 0);
    undo.push(connections.stop);
    await soon('the late connection to come and go', () => connections.opened > 0 && connections.open === 0);
  });

  it('exits at once on a second signal', async () => {
    const host = hostOf();
    let letGo: () => void = () => undefined;
    const drained = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const stubborn: Worker = { name: 'stubborn', run: untilAborted, drain: () => drained };
    await runService({ service: 'arbiter', Env: BaseEnv, workers: () => [stubborn] }, host);
    host.signal('SIGTERM');
    host.signal('SIGTERM');
    expect(host.exits).toEqual([1]);
    letGo();
    await soon('the orderly end', () => host.exits.length === 2);
  });

  it('ends with 1 on an error that nobody caught', async () => {
    const host = hostOf({ LUTRA_LOG_LEVEL: 'error' });
    await runService({ service: 'arbiter', Env: BaseEnv, workers: () => [] }, host);
    host.uncaught(new Error('nobody expected this'));
    expect(host.exits).toEqual([1]);
    host.signal('SIGTERM');
    await soon('the orderly end', () => host.exits.length === 2);
  });

  it('exits with 78 and names every problem of the environment, before it connects anywhere', async () => {
    const host = new TestHost({ LUTRA_HTTP_PORT: 'x' });
    await runService({ service: 'load', Env: BaseEnv, workers: () => [] }, host);
    expect(host.exits).toEqual([78]);
    const [json = '', heading, ...problems] = host.errors.trim().split('\n');
    expect(JSON.parse(json)).toMatchObject({ code: 'CONFIG_ENV_INVALID' });
    expect(heading).toBe('load cannot start, its environment is not valid:');
    expect(problems).toHaveLength(7);
  });

  it('sends the span of a stage as child of the stage before, and passes its context on', async () => {
    const collector = await OtlpReceiver.start();
    undo.push(() => collector.stop());
    undo.push(async () => {
      delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    });
    // The exporter reads the standard variables from the process itself.
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.address;
    const host = hostOf({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.address });
    await installation.bus.putDefinition(pipelineDefinition('P1'));
    await installation.permit('P1', { epoch: 2 });
    const workers = (context: ServiceContext<StageEnv>): Worker[] => [
      stageWorker(context, {
        stage: 'extract',
        input: 'selected',
        output: 'extracted',
        outputSchema: 'row-process/1',
        work: async ({ output, body }) => {
          output.write(body);
          return { rowCount: 1 };
        },
      }),
    ];
    await runService({ service: 'extract', Env: StageEnv, workers }, host);
    await trace.getTracer('test').startActiveSpan('select', { kind: SpanKind.PRODUCER }, async (span) => {
      await selectProcess(installation.bus, processHeader({ process: 1 }));
      span.end();
    });
    const reading = new AbortController();
    const options = { queue: 'extracted', durable: 'transform-any', target: 'any', inFlightMax: 1 } as const;
    let passedOn: string | undefined;
    for await (const delivery of installation.bus.consume({ ...options, signal: reading.signal })) {
      passedOn = trace.getSpanContext(delivery.traceContext)?.spanId;
      await delivery.ack();
      reading.abort();
    }
    host.signal('SIGTERM');
    await soon('the exit, after the flush', () => host.exits.length > 0);
    const [spans = []] = [...collector.traces().values()];
    const select = spans.find(({ name }) => name === 'select');
    const extract = spans.find(({ name }) => name === 'extract');
    expect(extract?.parentSpanId).toBe(select?.spanId);
    expect(extract?.service).toBe('lutra-extract');
    expect(extract?.attributes).toMatchObject({
      'lutra.pipeline': 'P1',
      'lutra.process': 1,
      'lutra.epoch': 2,
      'messaging.system': 'nats',
    });
    expect(passedOn).toBe(extract?.spanId);
  });
});
