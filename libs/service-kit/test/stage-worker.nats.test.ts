// Goal: a stage loses no process, does none of an old epoch, and tells about failures once.
// Method: real NATS and ZooKeeper in an installation of its own; the stage's work is a function of the test, instances are
// connections that can end like those of a killed process.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProcessDelivery } from '@lutra/messaging';
import { SyncError } from '@lutra/model';
import { stageWorker } from '../src/stage-worker.ts';
import type { StageTask } from '../src/stage-worker.ts';
import type { Worker } from '../src/worker.ts';
import { pipelineDefinition, selectProcess, soon, TestInstallation } from './kit-fixture.ts';
import type { TestInstance } from './kit-fixture.ts';
import { processHeader } from './process-header.ts';

// A redelivery comes when the acknowledgement wait of ten seconds has passed.
jest.setTimeout(60_000);

type Work = (task: StageTask, signal: AbortSignal) => Promise<{ rowCount: number }>;

const extract = ({ context }: TestInstance, work: Work): Worker =>
  stageWorker(context, {
    stage: 'extract',
    input: 'selected',
    output: 'extracted',
    outputSchema: 'row-process/1',
    work,
  });

/** Writes the input again, in upper case. */
const shout: Work = async ({ body, output }) => {
  output.write(Buffer.from(Buffer.from(body).toString().toUpperCase()));
  return { rowCount: 3 };
};

const untilAborted: Work = (_task, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('aborted'));
    });
  });

describe('stageWorker', () => {
  let installation: TestInstallation;
  const outputs: ProcessDelivery[] = [];
  const reading = { end: new AbortController() };

  beforeEach(async () => {
    installation = await TestInstallation.open();
    await installation.bus.putDefinition(pipelineDefinition('P1'));
    await installation.permit('P1', { epoch: 2 });
    outputs.length = 0;
    reading.end = new AbortController();
    const { signal } = reading.end;
    void (async () => {
      const options = {
        queue: 'extracted',
        durable: 'transform-any',
        target: 'any',
        inFlightMax: 100,
        signal,
      } as const;
      for await (const delivery of installation.bus.consume(options)) {
        outputs.push(delivery);
        await delivery.ack();
      }
    })();
  });
  afterEach(async () => {
    reading.end.abort();
    await installation.close();
  });

  const queued = async (epoch = 2): Promise<number> => (await installation.bus.queuedProcesses('P1', epoch)).selected;
  const isEmpty = (): Promise<boolean> => queued().then((count) => count === 0);
  const numbers = (): number[] => outputs.map(({ header }) => header.process).sort((a, b) => a - b);

  it('passes on what the work wrote, with its own stage time, and acknowledges the input', async () => {
    const instance = await installation.instance('extract', 'extract-1');
    instance.start(extract(instance, shout));
    await selectProcess(installation.bus, processHeader({ process: 1 }), 'hello');
    const output = await soon('the output', () => outputs[0]);
    expect(Buffer.from(await output.fetchBody()).toString()).toBe('HELLO');
    expect(output.schema).toBe('row-process/1');
    expect(output.header).toMatchObject({ rowCount: 3, revision: 1 });
    expect(
      output.header.stages.map(({ stage, instance: who, rowCount, bytes }) => [stage, who, rowCount, bytes]),
    ).toEqual([
      ['select', 'select-1', 1, 10],
      ['extract', 'extract-1', 3, 5],
    ]);
    await soon('the acknowledgement', isEmpty);
  });

  it('is shared by two instances without doubles', async () => {
    const instances = await Promise.all(['a', 'b'].map((name) => installation.instance('extract', name)));
    for (const instance of instances) instance.start(extract(instance, shout));
    for (let process = 1; process <= 30; process++) await selectProcess(installation.bus, processHeader({ process }));
    await soon('all outputs', () => outputs.length >= 30);
    expect(numbers()).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(new Set(outputs.map(({ header }) => header.stages[1]?.instance))).toEqual(new Set(['a', 'b']));
    await soon('the acknowledgements', isEmpty);
  });

  it('takes over the process of an instance that died over it', async () => {
    const dead = await installation.instance('extract', 'dead');
    const begun: number[] = [];
    dead.start(
      extract(dead, async (task, signal) => {
        begun.push(task.delivery.header.process);
        return untilAborted(task, signal);
      }),
    );
    await selectProcess(installation.bus, processHeader({ process: 1 }));
    await soon('the work to begin', () => begun.length === 1);
    await dead.die();
    const heir = await installation.instance('extract', 'heir');
    heir.start(extract(heir, shout));
    await soon('the output', () => outputs.length === 1);
    expect(outputs[0]?.header.stages[1]?.instance).toBe('heir');
    await soon('the acknowledgement', isEmpty);
  });

  it('drops a process of an older epoch without working on it', async () => {
    await installation.permit('P1', { epoch: 3 });
    const instance = await installation.instance('extract', 'a');
    const worked: number[] = [];
    instance.start(
      extract(instance, (task, signal) => {
        worked.push(task.delivery.header.epoch);
        return shout(task, signal);
      }),
    );
    await selectProcess(installation.bus, processHeader({ process: 1, epoch: 2 }));
    await selectProcess(installation.bus, processHeader({ process: 1, epoch: 3 }));
    await soon('the output of the new epoch', () => outputs.length === 1);
    await soon('the drop', isEmpty);
    expect(worked).toEqual([3]);
  });

  it('lets go of a process in hand when its epoch passes, and adopts a higher one than it knows', async () => {
    const instance = await installation.instance('extract', 'a');
    const begun: number[] = [];
    instance.start(
      extract(instance, (task, signal) => {
        begun.push(task.delivery.header.epoch);
        return task.delivery.header.epoch === 2 ? untilAborted(task, signal) : shout(task, signal);
      }),
    );
    installation.listen();
    await selectProcess(installation.bus, processHeader({ process: 1 }));
    await soon('the work to begin', () => begun.length === 1);
    await installation.permit('P1', { epoch: 3 });
    await selectProcess(installation.bus, processHeader({ process: 1, epoch: 3 }));
    await soon('the output of the new epoch', () => outputs.length === 1);
    await soon('the drop', isEmpty);
    expect(installation.commands).toEqual([]);
  });

  it('reports a failure as event and as ROLLBACK about the epoch, once, and acknowledges', async () => {
    installation.listen();
    const instance = await installation.instance('extract', 'a');
    const problem = 'Table shop.orders does not fit';
    instance.start(extract(instance, () => Promise.reject(new SyncError('SOURCE_SCHEMA_MISMATCH', { problem }))));
    await selectProcess(installation.bus, processHeader({ process: 7 }));
    const command = await soon('the command', () => installation.commands[0]);
    expect(command).toMatchObject({ kind: 'ROLLBACK', pipelineId: 'P1', aboutEpoch: 2, author: 'a', reason: problem });
    expect(command.failure).toMatchObject({
      code: 'SOURCE_SCHEMA_MISMATCH',
      class: 'configuration',
      stage: 'extract',
      process: 7,
    });
    const failed = await soon('the event', () => installation.events.find(({ kind }) => kind === 'failed'));
    expect(failed).toMatchObject({ epoch: 2, process: 7, who: 'a', failure: { message: problem } });
    await soon('the acknowledgement', isEmpty);
    expect(installation.commands).toHaveLength(1);
    expect(outputs).toEqual([]);
  });

  it('does not touch a process again that came more than three times', async () => {
    installation.listen();
    await selectProcess(installation.bus, processHeader({ process: 1 }));
    const end = new AbortController();
    let deliveries = 0;
    const options = { queue: 'selected', durable: 'extract-any', target: 'any', inFlightMax: 1 } as const;
    for await (const delivery of installation.bus.consume({ ...options, signal: end.signal })) {
      delivery.nak();
      deliveries += 1;
      if (deliveries === 3) end.abort();
    }
    const instance = await installation.instance('extract', 'a');
    let worked = 0;
    instance.start(
      extract(instance, (task, signal) => {
        worked += 1;
        return shout(task, signal);
      }),
    );
    const command = await soon('the command', () => installation.commands[0]);
    expect(command.failure).toMatchObject({ code: 'BUS_REDELIVERED_TOO_OFTEN', class: 'poison' });
    await soon('the acknowledgement', isEmpty);
    expect(worked).toBe(0);
  });

  it('drops a repeat whose process is loaded already', async () => {
    await installation.bus.putCursor('P1', {
      state: 'place',
      epoch: 2,
      revision: 1,
      place: processHeader({ process: 1 }).end,
      process: 5,
      at: new Date().toISOString(),
    });
    await selectProcess(installation.bus, processHeader({ process: 5 }));
    const end = new AbortController();
    const options = {
      queue: 'selected',
      durable: 'extract-any',
      target: 'any',
      inFlightMax: 1,
      signal: end.signal,
    } as const;
    for await (const delivery of installation.bus.consume(options)) {
      delivery.nak();
      end.abort();
    }
    const instance = await installation.instance('extract', 'a');
    instance.start(extract(instance, shout));
    await soon('the acknowledgement', isEmpty);
    expect(outputs).toEqual([]);
  });

  it('waits for a revision that is not there yet, and reports it when it does not come', async () => {
    installation.listen();
    const instance = await installation.instance('extract', 'a');
    instance.start(extract(instance, shout));
    await selectProcess(installation.bus, processHeader({ process: 1, revision: 9 }));
    const command = await soon('the command', () => installation.commands[0]);
    expect(command.failure).toMatchObject({ code: 'CONFIG_REVISION_MISSING', class: 'retryable' });
    await soon('the acknowledgement', isEmpty);
  });

  it('finishes what is in hand on a drain and gives back what it did not begin', async () => {
    const instance = await installation.instance('extract', 'leaving');
    const begun: number[] = [];
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    instance.start(
      extract(instance, async (task, signal) => {
        begun.push(task.delivery.header.process);
        await gate;
        return shout(task, signal);
      }),
    );
    for (let process = 1; process <= 6; process++) await selectProcess(installation.bus, processHeader({ process }));
    await soon('the work to begin', () => begun.length === 2);
    const stopped = instance.stop();
    goOn();
    await stopped;
    await soon('the two outputs', () => outputs.length === 2);
    expect(begun).toHaveLength(2);
    const heir = await installation.instance('extract', 'heir');
    heir.start(extract(heir, shout));
    await soon('all outputs', () => outputs.length === 6);
    expect(numbers()).toEqual([1, 2, 3, 4, 5, 6]);
    await soon('the acknowledgements', isEmpty);
  });
});
