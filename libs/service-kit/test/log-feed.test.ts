import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { LogLine } from '@lutra/model';
import { systemClock } from '@lutra/model';
import { BaseEnv } from '../src/base.env.ts';
import { hideSecrets, secretsOf } from '../src/hide-secrets.ts';
import { loadEnv } from '../src/load-env.ts';
import { LogFeed } from '../src/log-feed.ts';
import { createLog } from '../src/log.ts';

const identity = { service: 'load', instance: 'load-1', host: 'h', version: '1' } as const;
const SECRET = 'correct horse battery';

/** A log whose lines go through a feed into a list, until `sent` has run once. */
function fed(): {
  readonly log: ReturnType<typeof createLog>;
  readonly output: string[];
  readonly sent: (publish?: (line: LogLine) => Promise<void>) => Promise<readonly LogLine[]>;
} {
  const output: string[] = [];
  const feed = new LogFeed(identity, [SECRET], { write: (line) => void output.push(line) });
  return {
    log: createLog(identity, { level: 'info', destination: feed.destination }),
    output,
    sent: async (publish) => {
      const lines: LogLine[] = [];
      const publishLog = async (line: LogLine): Promise<void> => {
        await publish?.(line);
        lines.push(line);
      };
      await feed.run({ publishLog }, systemClock, AbortSignal.abort());
      return lines;
    },
  };
}

describe('the feed of a log', () => {
  it('sends warnings and errors, and writes everything', async () => {
    const { log, output, sent } = fed();
    log.info('all is well');
    log.warn({ pipelineId: 'P', code: 'BUS_UNREACHABLE', rows: 3 }, 'something is odd');
    log.fatal({ traceId: 'T' }, 'the end');
    expect(output).toHaveLength(3);
    expect(await sent()).toMatchObject([
      { level: 'warn', message: 'something is odd', pipelineId: 'P', code: 'BUS_UNREACHABLE', fields: { rows: 3 } },
      { level: 'error', message: 'the end', traceId: 'T', service: 'load', instance: 'load-1', pipelineId: null },
    ]);
  });

  it('holds the newest lines while the bus is away, and says how many it has left out', async () => {
    const { log, sent } = fed();
    for (let line = 1; line <= 250; line++) log.warn({ line }, 'again');
    expect(await sent(() => Promise.reject(new Error('away')))).toEqual([]);
    const lines = await sent();
    expect(lines.map(({ fields }) => fields['line'])).toEqual(Array.from({ length: 200 }, (_, index) => 51 + index));
    expect(lines[0]?.fields['linesLeftOut']).toBe(50);
  });

  it('sends no secret and nothing without end', async () => {
    const { log, sent } = fed();
    log.error({ password: 'x', deep: [{ apiKey: 'y' }], text: `it is ${SECRET}!` }, `refused: ${SECRET}`);
    log.error({ rows: 'x'.repeat(10_000) }, 'y'.repeat(10_000));
    const [first, second] = await sent();
    expect(first).toMatchObject({
      message: 'refused: ***',
      fields: { password: '***', deep: [{ apiKey: '***' }], text: 'it is ***!' },
    });
    expect(second?.message).toHaveLength(500);
    expect(second?.fields).toEqual({ isTooLong: true });
  });
});

it.each([
  ['an address', 'mysql://u:geheim@db:3306/x', 'mysql://u:***@db:3306/x'],
  ['a header', 'Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
  ['ordinary words', 'the passage of tokens', 'the passage of tokens'],
])('hides what is secret in %s', (_what, text, shown) => {
  expect(hideSecrets(text, [])).toBe(shown);
});

describe('the secrets of an environment', () => {
  const base = {
    LUTRA_NATS_SERVERS: 'localhost:4222',
    LUTRA_NATS_USER: 'nobody-else',
    LUTRA_ZOOKEEPER_SERVERS: 'localhost:2181',
    LUTRA_ZOOKEEPER_AUTH: 'zoo:keeper-word',
  };
  const [newKey, oldKey] = ['new', 'old'].map((text) => Buffer.alloc(32, text).toString('base64'));
  const folder = mkdtempSync(join(tmpdir(), 'lutra-'));
  const inFile = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are found where they come from variables', () => {
    const raw = {
      ...{ ...base, LUTRA_NATS_PASSWORD: 'nats-word', LUTRA_SECRET_KEY: `${String(newKey)},${String(oldKey)}` },
      ...{ LUTRA_SECRET_REFERENCES: 'env:DB_,file:/run/secrets', DB_SHOP: 'shop-word', HOME: '/home/somebody' },
    };
    const secrets = secretsOf(loadEnv(BaseEnv, raw).env, raw);
    const found = [newKey, oldKey, 'nats-word', 'zoo:keeper-word', 'keeper-word', 'shop-word'];
    expect(secrets.toSorted()).toEqual(found.toSorted());
  });

  it('are found where they come from files, and the paths stay readable', () => {
    const { env } = loadEnv(BaseEnv, {
      ...{ ...base, LUTRA_NATS_PASSWORD_FILE: inFile('nats', 'nats-word\n') },
      LUTRA_SECRET_KEY_FILE: inFile('keys', `${String(newKey)}\n${String(oldKey)}\n`),
    });
    const secrets = secretsOf(env);
    expect(secrets.toSorted()).toEqual([newKey, oldKey, 'nats-word', 'zoo:keeper-word', 'keeper-word'].toSorted());
    expect(hideSecrets(`${folder}/nats`, secrets)).toBe(`${folder}/nats`);
  });

  it('leave no rest where one begins with another', () => {
    const secrets = secretsOf({ LUTRA_NATS_PASSWORD: 'battery', MANAGER_DATABASE_PASSWORD: 'battery staple' });
    expect(hideSecrets('refused: battery staple', secrets)).toBe('refused: ***');
  });
});
