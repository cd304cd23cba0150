// Goal: traffic that no mapping covers moves the cursor too, so that the source may purge what it no longer needs (DESIGN §3.2).
// Method: many log files of unmapped traffic (the equivalent of ten minutes), then PURGE up to the file of the cursor, then
// SIGKILL and restart of every service: the pipeline goes on and a change arrives.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICES, must } from '@lutra/model';
import { connectTo, lutraHome, startServerGroup, waitUntil } from '@lutra/testing';
import type { ServerGroup } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const LOG_FILES = 20;

describe('a purged binary log', () => {
  let servers: ServerGroup;
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    servers = await startServerGroup({
      home: lutraHome(),
      folder: join(lutraHome(), 'e2e', 'purge-servers'),
      databases: { source: { kind: 'mariadb' }, target: { kind: 'mariadb' } },
    });
    const [source, target] = [must(servers.databases['source'], 'source'), must(servers.databases['target'], 'target')];
    e2e = await startE2eStack('purge', { servers: { source, target, manager: target } });
    await e2e.createTables('CREATE TABLE t (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB');
    pipelineId = await e2e.stack.createPipeline({
      mappings: [wholeSchema(e2e.schema)],
      parameters: { cursorMaxAgeMs: 1_000 },
    });
  });

  afterAll(async () => {
    await e2e.stop();
    await servers.stop();
  });

  it('does not hold the log for traffic that is not mapped', async () => {
    const source = await connectTo(e2e.stack.options.servers.source);
    try {
      await source.query(
        'CREATE DATABASE other; USE other; CREATE TABLE noise (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200)) ENGINE=InnoDB',
      );
      for (let file = 0; file < LOG_FILES; file++)
        await source.query(
          `INSERT INTO other.noise (text) SELECT REPEAT('x', 150) FROM seq_1_to_20000; FLUSH BINARY LOGS`,
        );
      const [position] = (await source.query('SELECT @@gtid_binlog_pos AS gtid'))[0] as unknown as readonly {
        gtid: string;
      }[];
      const wanted = must(position, 'a position').gtid;
      await waitUntil(async () => JSON.stringify((await e2e.stack.api.pipeline(pipelineId)).cursor).includes(wanted), {
        what: `the cursor to reach ${wanted}`,
        timeoutMs: 60_000,
      });
      const logs = (await source.query('SHOW BINARY LOGS'))[0] as unknown as readonly { Log_name: string }[];
      expect(logs.length).toBeGreaterThan(LOG_FILES);
      await source.query(`PURGE BINARY LOGS TO '${must(logs.at(-1), 'the newest log').Log_name}'`);
      const left = (await source.query('SHOW BINARY LOGS'))[0] as unknown as readonly unknown[];
      expect(left).toHaveLength(1);
    } finally {
      source.destroy();
    }
    for (const service of SERVICES) await e2e.stack.kill(service);
    for (const service of SERVICES) await e2e.stack.restart(service);
    await e2e.atSource('INSERT INTO t VALUES (7)');
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('t'), 60_000))).toEqual([]);
  }, 240_000);
});
