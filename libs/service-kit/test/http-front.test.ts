import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '@lutra/model';
import { Health } from '../src/health.ts';
import { openHttpFront } from '../src/http-front.ts';
import type { HttpFront } from '../src/http-front.ts';
import { eventMeter } from '../src/event-meter.ts';
import { stageMeter } from '../src/stage-meter.ts';
import { startTelemetry } from '../src/telemetry.ts';
import type { Telemetry } from '../src/telemetry.ts';

const log = pino({ level: 'silent' });
const identity = { service: 'extract', instance: 'extract-1', host: 'here', version: '0.0.0' } as const;

describe('HTTP front', () => {
  let health: Health;
  let telemetry: Telemetry;
  let front: HttpFront;
  beforeEach(async () => {
    health = new Health();
    telemetry = startTelemetry(identity, {}, systemClock);
    front = await openHttpFront(
      { host: '127.0.0.1', port: 0 },
      { health, telemetry, clock: systemClock, log, tls: null },
    );
  });
  afterEach(async () => {
    await front.close();
    await telemetry.shutdown();
  });
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${front.port}${path}`);
    return { status: response.status, text: await response.text() };
  };

  it('is live but not ready while it starts, and says what it waits for', async () => {
    health.setPhase('starting: waiting for NATS');
    expect(await get('/health/live')).toMatchObject({ status: 200 });
    expect(await get('/health/ready')).toEqual({
      status: 503,
      text: '{"status":"unavailable","reasons":["starting: waiting for NATS"]}',
    });
    expect((await get('/api/v1/channels')).status).toBe(503);
  });

  it('is ready when every part is well, and names those that are not', async () => {
    health.setPhase('');
    let reason = '';
    health.addReadyCheck(() => reason);
    expect((await get('/health/ready')).status).toBe(200);
    reason = 'ZooKeeper is not reachable';
    const answer = await get('/health/ready');
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('ZooKeeper is not reachable');
  });

  it('is not live when a part says that only a restart helps', async () => {
    health.addLiveCheck(() => 'worker extract keeps failing');
    expect((await get('/health/live')).status).toBe(503);
  });

  it('hands other paths to the application, never health or metrics', async () => {
    front.forwardTo((request, response) => {
      response.writeHead(418).end(request.url);
    });
    expect(await get('/api/v1/channels')).toEqual({ status: 418, text: '/api/v1/channels' });
    expect((await get('/health/live')).status).toBe(200);
  });

  it.each(['/health/live', '/health/ready', '/metrics', '/api/v1/channels'])(
    'shuts the browser in with its own answer to %s',
    async (path) => {
      const { headers } = await fetch(`http://127.0.0.1:${front.port}${path}`);
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('strict-transport-security')).toBeNull();
    },
  );

  it('leaves the headers of other answers to the application', async () => {
    front.forwardTo((_request, response) => {
      response.end();
    });
    const { headers } = await fetch(`http://127.0.0.1:${front.port}/api/docs`);
    expect(headers.get('content-security-policy')).toBeNull();
  });

  it('serves metrics of stages and events in Prometheus text form', async () => {
    const meter = stageMeter('extract');
    meter.recordProcess({ pipelineId: 'p1', rowCount: 12, bytes: 3_400, durationMs: 20 });
    meter.recordFailure({ pipelineId: 'p1', code: 'BUS_BODY_MISSING' });
    eventMeter().recordSkipped();
    const { text } = await get('/metrics');
    expect(text).toContain('lutra_event_skipped_total 1');
    expect(text).toContain('lutra_stage_rows_total{stage="extract",lutra_pipeline="p1"} 12');
    expect(text).toContain('lutra_stage_bytes_total{stage="extract",lutra_pipeline="p1"} 3400');
    expect(text).toMatch(/lutra_stage_duration_bucket\{[^}]*le="0.025"\} 1/);
    expect(text).toContain('error_type="BUS_BODY_MISSING"');
  });
});
