// Goal: one trace shows one process on its way through all stages (DESIGN §8).
// Method: the services export to an OTLP receiver; a change is committed; one trace must hold the spans of four services,
// each stage's span below the one of the stage before.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must, STAGES } from '@lutra/model';
import { OtlpReceiver, waitUntil } from '@lutra/testing';
import { startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

describe('the trace of a process', () => {
  let receiver: OtlpReceiver;
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    e2e = await startE2eStack('trace', {
      env: {
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address,
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    });
    await e2e.createTables('CREATE TABLE t (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB');
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
  });

  afterAll(async () => {
    await e2e.stop();
    await receiver.stop();
  });

  it('contains the spans of all four stages, each below the one before', async () => {
    await e2e.atSource('INSERT INTO t VALUES (1)');
    const spans = await waitUntil(
      () =>
        [...receiver.traces().values()].find((trace) =>
          [...STAGES, 'commit'].every((name) => trace.some((span) => span.name === name)),
        ),
      { what: 'a trace with all stages', timeoutMs: 60_000 },
    );
    const byName = (name: string) =>
      must(
        spans.find((span) => span.name === name),
        name,
      );
    const ancestors = (name: string): string[] => {
      const line: string[] = [];
      for (let id = byName(name).parentSpanId; id !== '';) {
        const parent = must(
          spans.find((span) => span.spanId === id),
          `parent ${id} of ${name} was exported`,
        );
        line.push(parent.name);
        id = parent.parentSpanId;
      }
      return line;
    };
    expect(ancestors('commit').filter((name) => (STAGES as readonly string[]).includes(name))).toEqual([
      'load',
      'transform',
      'extract',
      'select',
    ]);
    for (const stage of STAGES) expect(byName(stage).attributes).toMatchObject({ 'lutra.pipeline': pipelineId });
    expect(new Set(STAGES.map((stage) => byName(stage).service)).size).toBe(4);
  });
});
