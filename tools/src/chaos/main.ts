import { abortOnSignals, runTool } from '../run-tool.ts';
import { Screen } from '../screen.ts';
import { CHAOS_USAGE, parseChaosOptions } from './chaos-options.ts';
import { runChaos } from './chaos-run.ts';

// `npm run chaos -- [--minutes N] [--seed S]`: see tools/README.md.
await runTool(async () => {
  const options = parseChaosOptions(process.argv.slice(2));
  const screen = new Screen();
  if (options === 'help') {
    screen.line(CHAOS_USAGE);
    return 0;
  }
  const signal = abortOnSignals(() => {
    screen.line('No more faults; comparing …');
  });
  return (await runChaos(options, screen, signal)) ? 0 : 1;
});
