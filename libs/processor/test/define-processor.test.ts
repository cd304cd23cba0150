import { expect, it } from '@jest/globals';
import { changed, defineProcessor, PROCESSOR_INTERFACE, UNCHANGED } from '../src/index.ts';

it('says which interface a definition keeps to', () => {
  const processor = defineProcessor<{ readonly column: string }>({
    stage: 'transform',
    settingsSchema: { type: 'object' },
    columns: ({ settings }) => [{ name: settings.column, type: 'varchar(20)' }],
    open: () => ({ process: (rows) => rows.map(() => changed({ a: 1 })) }),
  });
  expect(processor.interfaceVersion).toBe(PROCESSOR_INTERFACE);
  expect(UNCHANGED).toEqual({ kind: 'row', values: {} });
});
