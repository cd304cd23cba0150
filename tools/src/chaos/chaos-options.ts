import { parseArgs } from 'node:util';
import { SetupError } from '@lutra/testing';
import { FAULT_KINDS } from './chaos-types.ts';
import type { FaultKind } from './chaos-types.ts';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Transactions a second over all pipelines. */
  readonly rate: number;
  /** Kinds that are used: all, unless a cause is searched. */
  readonly kinds: readonly FaultKind[];
  /** Leaves everything running after the report, until Ctrl-C. */
  readonly keep: boolean;
  /** Name of the folder below `.lutra` that the run uses: two runs need two. */
  readonly folder: string;
}

export const CHAOS_USAGE = `npm run chaos -- [--minutes N] [--seed S] [--rate R] [--kinds a,b] [--keep] [--folder NAME]
  --minutes N    how long things are broken (default 3)
  --seed S       which faults, in which order, and what is written (default 4)
  --rate R       transactions a second that the workload aims at (default 300)
  --kinds a,b    only these of: ${FAULT_KINDS.join(', ')}
  --keep         leave everything running after the report, until Ctrl-C
  --folder NAME  folder below .lutra for servers, logs and the report (default chaos)
Exit code 0 when nothing was lost, doubled or broken; the report is in .lutra/chaos/<seed>.txt and .json.`;

/** Throws SetupError when an argument makes no sense. */
export function parseChaosOptions(args: readonly string[]): ChaosOptions | 'help' {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '3' },
        seed: { type: 'string', default: '4' },
        rate: { type: 'string', default: '300' },
        kinds: { type: 'string' },
        keep: { type: 'boolean', default: false },
        folder: { type: 'string', default: 'chaos' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const numberOf = (name: string, text: string): number => {
      if (!/^\d{1,9}(\.\d+)?$/.test(text)) throw new Error(`--${name} wants a number, not '${text}'`);
      return Number(text);
    };
    return {
      minutes: numberOf('minutes', values.minutes),
      seed: Math.floor(numberOf('seed', values.seed)),
      rate: numberOf('rate', values.rate),
      kinds: kindsOf(values.kinds),
      keep: values.keep,
      folder: values.folder,
    };
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : String(error)}\n${CHAOS_USAGE}`);
  }
}

function kindsOf(text: string | undefined): readonly FaultKind[] {
  if (text === undefined) return FAULT_KINDS;
  const names = text.split(',');
  const unknown = names.filter((name) => !FAULT_KINDS.some((kind) => kind === name));
  if (unknown.length > 0) throw new Error(`There is no fault of kind ${unknown.join(', ')}`);
  return FAULT_KINDS.filter((kind) => names.includes(kind));
}
