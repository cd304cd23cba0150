/** A part of the tests that runs in one go. */
export interface TestPhase {
  readonly name: 'unit' | 'integration' | 'e2e' | 'e2e alone' | 'nightly';
  /** What asks for it: `--unit`. */
  readonly option: string;
  /** Regular expression over paths of test files. */
  readonly files: string;
  readonly workers: number;
  readonly testTimeoutMs: number;
  /** Whether the real servers have to be up. */
  readonly needsServers: boolean;
  /** The whole phase is ended after this long: a test that hangs shall not hang the run. */
  readonly limitMinutes: number;
}

const SERVER_SUFFIXES = 'nats|mysql|zk';
const ALL_SUFFIXES = `${SERVER_SUFFIXES}|e2e|nightly`;

/** In the order in which they run; nightly only when asked for. */
export const PHASES: readonly TestPhase[] = [
  {
    name: 'unit',
    option: '--unit',
    files: `^(?!.*\\.(?:${ALL_SUFFIXES})\\.test\\.ts$).*\\.test\\.ts$`,
    workers: 2,
    testTimeoutMs: 20_000,
    needsServers: false,
    limitMinutes: 15,
  },
  {
    name: 'integration',
    option: '--integration',
    files: `\\.(?:${SERVER_SUFFIXES})\\.test\\.ts$`,
    // They wait for servers, sessions and pauses half of their time: four keep two cores busy.
    workers: 4,
    // Above the 60 s that a wait for one condition may take: a limit is there to end what hangs, never what is tested.
    testTimeoutMs: 180_000,
    needsServers: true,
    limitMinutes: 40,
  },
  {
    name: 'e2e',
    option: '--e2e',
    files: '^(?!.*\\.alone\\.e2e\\.test\\.ts$).*\\.e2e\\.test\\.ts$',
    // They wait for sessions to end, services to start, rows to arrive.
    workers: 3,
    testTimeoutMs: 180_000,
    needsServers: true,
    limitMinutes: 45,
  },
  // Files that leave no room for anything beside them.
  {
    name: 'e2e alone',
    option: '--e2e',
    files: '\\.alone\\.e2e\\.test\\.ts$',
    workers: 1,
    testTimeoutMs: 180_000,
    needsServers: true,
    limitMinutes: 15,
  },
  {
    name: 'nightly',
    option: '--nightly',
    files: '\\.nightly\\.test\\.ts$',
    workers: 1,
    testTimeoutMs: 1_800_000,
    needsServers: true,
    limitMinutes: 240,
  },
];

export const TEST_USAGE = `npm test -- [--unit] [--integration] [--e2e] [--nightly] [path pattern …]
  without a choice: unit, integration and e2e
  path pattern: only test files whose path contains it`;

export interface TestChoice {
  readonly phases: readonly TestPhase[];
  readonly paths: readonly string[];
}

/** Throws an Error with the usage for an unknown option. */
export function chooseTests(args: readonly string[]): TestChoice {
  const options = args.filter((arg) => arg.startsWith('--'));
  const unknown = options.filter((option) => !PHASES.some((phase) => option === phase.option));
  if (unknown.length > 0) throw new Error(`Unknown option ${unknown.join(', ')}\n${TEST_USAGE}`);
  const isChosen = ({ name, option }: TestPhase): boolean =>
    options.length === 0 ? name !== 'nightly' : options.includes(option);
  return { phases: PHASES.filter(isChosen), paths: args.filter((arg) => !arg.startsWith('--')) };
}
