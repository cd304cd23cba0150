import { testServersFile } from '@lutra/testing';
import { abortOnSignals, runTool } from '../run-tool.ts';
import { Screen } from '../screen.ts';
import { startTestServers } from '../start-test-servers.ts';

// `npm run servers`: keeps the test servers up, so that single tests can be run against them again and again.
await runTool(async () => {
  const screen = new Screen();
  const stopped = abortOnSignals(() => {
    screen.line('Stopping …');
  });
  const group = await startTestServers(screen);
  for (const [name, { port, user, password }] of Object.entries(group.databases))
    screen.line(`  ${name}: 127.0.0.1:${String(port)}, user ${user}, password ${password}`);
  screen.line(`  nats: ${group.nats.servers}, zookeeper: ${group.zookeeper.servers}`);
  screen.line(`Addresses for tests: ${testServersFile()}. Ctrl-C stops them.`);
  // An interval keeps the process alive: waiting for a signal alone does not.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => {
    if (stopped.aborted) resolve(undefined);
    stopped.addEventListener('abort', resolve);
  });
  clearInterval(alive);
  await group.stop();
  return 0;
});
