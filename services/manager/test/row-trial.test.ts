import { expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { sampleRows, sampleTable } from '../src/preview/sample-rows.ts';
import type { MapJob } from '../src/preview/map-rows.ts';
import { RowTrial } from '../src/preview/row-trial.ts';

/** A thread may be slow to start on a machine that does much else. */
const PATIENT_MS = 60_000;

const table = sampleTable({ schema: 's', table: 't', columns: [{ name: 'id', type: 'BOOLEAN' }], rows: [] });
const job: MapJob = {
  ...{ pipelineId: 'P', processors: '@lutra/example-processor' },
  rows: sampleRows([{ kind: 'insert', after: { id: 1 } }], table, new Date(0)),
  mappings: [
    { id: 'M', source: { schema: 's', table: { exact: 't' } }, target: { schema: 'x' }, columns: { mode: 'all' } },
  ],
};

it('rows are mapped in a thread', async () => {
  const { fits, results } = await new RowTrial(systemClock, PATIENT_MS).run(job);
  expect(fits).toEqual([{ mappingId: 'M', table: 0, targets: [{ ...table, schema: 'x' }], error: null }]);
  expect(results).toEqual([
    [{ mappingId: 'M', changes: [{ kind: 'insert', target: 0, after: [1] }], error: null, console: [] }],
  ]);
}, 90_000);

it('what is not done when time is up is not waited for', async () => {
  expect(await new RowTrial(systemClock, 0).run(job)).toEqual({ fits: [], results: [undefined] });
}, 90_000);

it('a third one at once is refused', async () => {
  const trial = new RowTrial(systemClock, PATIENT_MS);
  const running = [trial.run(job), trial.run(job)];
  await expect(trial.run(job)).rejects.toMatchObject({ code: 'RESOURCE_CONFLICT' });
  await Promise.all(running);
  await expect(trial.run(job)).resolves.toBeDefined();
}, 90_000);
