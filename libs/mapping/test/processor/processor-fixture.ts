import { systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { defineProcessor } from '@lutra/processor';
import type { Processor, ProcessorDefinition } from '@lutra/processor';
import { Processors } from '../../src/index.ts';

/** A processor that does what `work` says, with any settings, for a column `note`. */
export const processorOf = (
  work: Processor['process'],
  more: Partial<ProcessorDefinition> = {},
): ProcessorDefinition => ({
  ...defineProcessor({
    stage: 'transform',
    settingsSchema: { type: 'object' },
    columns: () => [{ name: 'note', type: 'varchar(20)' }],
    open: () => ({ process: work }),
  }),
  ...more,
});

/** An installation that allows `packages`, loaded. */
export async function loadedProcessors(
  packages: Readonly<Record<string, unknown>>,
  clock: Clock = systemClock,
): Promise<Processors> {
  const processors = new Processors({
    ...{ allowed: Object.keys(packages).join(','), timeoutMs: 60_000, clock },
    importPackage: async (name) => ({ processor: packages[name] }),
  });
  await processors.load();
  return processors;
}
