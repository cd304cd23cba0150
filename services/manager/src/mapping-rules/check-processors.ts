import type { Processors } from '@lutra/mapping';
import { SyncError } from '@lutra/model';
import type { ProcessorRule } from '@lutra/model';

/** What a processor may take in the manager for one row: nobody waits longer for a preview, which as a whole has a limit of its own. */
export const PROCESSOR_MS_MAX = 4_000;

/**
 * Whether the installation allows the processors and they take their settings; whether they fit a table is the pre-check's matter.
 * Throws PROCESSOR_NOT_ALLOWED, PROCESSOR_NOT_LOADED, PROCESSOR_SETTINGS_INVALID with the field's path.
 */
export async function checkProcessors(rules: readonly ProcessorRule[], processors: Processors): Promise<void> {
  await processors.load();
  for (const [index, rule] of rules.entries()) {
    try {
      processors.settled(rule);
    } catch (error) {
      const { code, details } = SyncError.of(error);
      const part = code === 'PROCESSOR_SETTINGS_INVALID' ? 'settings' : 'name';
      const field = `rules.processors.${String(index)}.${part}`;
      const problem = `${field}: ${String(details['problem'])}`;
      throw new SyncError(code, { ...details, problem, field, fields: [{ field, problem }] }, { cause: error });
    }
  }
}
