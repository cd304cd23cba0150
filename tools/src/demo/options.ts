import { parseArgs } from 'node:util';
import { SetupError } from '@lutra/testing';

export interface DemoOptions {
  /** Ends after the comparison; otherwise the system stays up until Ctrl-C. */
  readonly once: boolean;
  readonly seed: number;
  readonly orders: number;
  /** Changes one row at the target before the comparison: shows (and tests) that it would be found. */
  readonly corrupt: boolean;
  /** Name of the folder below `.lutra` that the run uses: two runs need two. */
  readonly folder: string;
}

export const DEMO_USAGE = `npm run demo -- [--once] [--seed N] [--orders N]
  --once      end after the comparison: exit code 0 when both sides are equal, 1 otherwise
  --seed N    another shop (default 1); the same seed writes the same data
  --orders N  how many orders are placed (default 2000)`;

export function parseDemoOptions(args: readonly string[]): DemoOptions | 'help' {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        orders: { type: 'string', default: '2000' },
        corrupt: { type: 'boolean', default: false },
        folder: { type: 'string', default: 'demo' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const numberOf = (name: string, text: string): number => {
      if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} wants a whole number, not '${text}'`);
      return Number(text);
    };
    return {
      once: values.once,
      seed: numberOf('seed', values.seed),
      orders: numberOf('orders', values.orders),
      corrupt: values.corrupt,
      folder: values.folder,
    };
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : String(error)}\n${DEMO_USAGE}`);
  }
}
