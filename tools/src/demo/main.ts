import { join } from 'node:path';
import { endLeftovers, lutraHome } from '@lutra/testing';
import { abortOnSignals, runTool } from '../run-tool.ts';
import { Screen } from '../screen.ts';
import { runDemo } from './demo.ts';
import { DEMO_USAGE, parseDemoOptions } from './options.ts';

// `npm run demo`: the whole system on this machine, a shop at work, and the proof that both sides are equal.
await runTool(async () => {
  const options = parseDemoOptions(process.argv.slice(2));
  const screen = new Screen();
  if (options === 'help') {
    screen.line(DEMO_USAGE);
    return 0;
  }
  const folder = join(lutraHome(), options.folder);
  let isUp = false;
  const stopped = abortOnSignals(() => {
    screen.line('Stopping …');
    if (isUp) return;
    // Half started: everything that runs already has a record.
    void Promise.all(['run-services', 'run'].map((name) => endLeftovers(join(folder, name)))).then(() =>
      process.exit(130),
    );
  });
  return runDemo({
    ...options,
    folder,
    screen,
    stopped,
    onUp: () => {
      isUp = true;
    },
  });
});
