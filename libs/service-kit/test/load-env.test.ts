import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { BaseEnv } from '../src/base.env.ts';
import { describeEnvProblems, loadEnv } from '../src/load-env.ts';
import { StageEnv } from '../src/stage.env.ts';
import { validEnvironment } from './valid-environment.ts';

const failureOf = (raw: Record<string, string | undefined>): SyncError => {
  try {
    loadEnv(BaseEnv, raw);
  } catch (error) {
    return SyncError.of(error);
  }
  throw new Error('the environment was accepted');
};

describe('loadEnv', () => {
  it('gives numbers as numbers, keeps defaults, and freezes the result', () => {
    const { env } = loadEnv(StageEnv, { ...validEnvironment, LUTRA_HTTP_PORT: '8080' });
    expect(env).toMatchObject({ LUTRA_HTTP_PORT: 8080, LUTRA_NAMESPACE: 'lutra', LUTRA_STAGE_CONCURRENCY: 2 });
    expect(Object.isFrozen(env)).toBe(true);
  });

  it('takes an empty text for not set', () => {
    const { env } = loadEnv(BaseEnv, { ...validEnvironment, LUTRA_HTTP_PORT: '', LUTRA_INSTANCE: ' ' });
    expect(env.LUTRA_HTTP_PORT).toBe(0);
    expect(env.LUTRA_INSTANCE).toBeUndefined();
  });

  it('names all problems at once', () => {
    const error = failureOf({ LUTRA_HTTP_PORT: 'eighty', LUTRA_LOG_LEVEL: 'loud', LUTRA_NATS_SERVERS: 'nowhere' });
    expect(error.code).toBe('CONFIG_ENV_INVALID');
    for (const name of [
      'LUTRA_HTTP_PORT',
      'LUTRA_LOG_LEVEL',
      'LUTRA_NATS_SERVERS',
      'LUTRA_ZOOKEEPER_AUTH',
      'LUTRA_SECRET_KEY',
    ])
      expect(error.message).toContain(name);
  });

  it('says of a missing variable that it is missing, not which format it lacks', () => {
    expect(failureOf({ ...validEnvironment, LUTRA_NATS_USER: '' }).details['problems']).toEqual([
      'LUTRA_NATS_USER is required and not set',
    ]);
  });

  it('never repeats a value: it may be a secret in the wrong place', () => {
    const error = failureOf({ ...validEnvironment, LUTRA_SECRET_KEY: 'hunter2', LUTRA_ZOOKEEPER_AUTH: 'hunter2' });
    expect(describeEnvProblems(error, 'load')).not.toContain('hunter2');
  });

  it('finds misspelt variables of its own prefix and leaves others alone', () => {
    const { unknown } = loadEnv(BaseEnv, {
      ...validEnvironment,
      LUTRA_HTTP_PROT: '1',
      PATH: '/bin',
      OTEL_SDK_DISABLED: 'true',
    });
    expect(unknown).toEqual(['LUTRA_HTTP_PROT']);
  });

  it.each([
    ['LUTRA_HTTP_PORT', '65536'],
    ['LUTRA_HTTP_PORT', '1.5'],
    ['LUTRA_MEMORY_BYTES_MAX', '-1'],
    ['LUTRA_ZOOKEEPER_AUTH', 'no-colon'],
    ['LUTRA_NAMESPACE', 'with.dot'],
    ['LUTRA_INSTANCE', 'a.b'],
    ['LUTRA_SECRET_KEY', Buffer.alloc(16).toString('base64')],
    ['LUTRA_SECRET_REFERENCES', 'env:'],
    ['LUTRA_SECRET_REFERENCES', 'file:relative'],
    ['LUTRA_FAIL_POINTS', 'before-commit=explode'],
  ])('refuses %s=%s', (name, value) => {
    expect(failureOf({ ...validEnvironment, [name]: value }).details['problems']).toHaveLength(1);
  });
});

describe('a secret in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lutra-env-'));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [older, newest] = [1, 2].map((digit) => Buffer.alloc(32, digit).toString('base64')) as [string, string];
  const withoutKey = { ...validEnvironment, LUTRA_SECRET_KEY: '' };

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is read from there, a key per line', () => {
    const LUTRA_SECRET_KEY_FILE = write('keys', `${newest}\n${older}\n`);
    expect(loadEnv(BaseEnv, { ...withoutKey, LUTRA_SECRET_KEY_FILE }).env.LUTRA_SECRET_KEY).toBe(`${newest},${older}`);
  });

  it('loses the end of its line and nothing else', () => {
    const others = { ...validEnvironment, LUTRA_NATS_PASSWORD: '' };
    const LUTRA_NATS_PASSWORD_FILE = write('nats', ' with blanks \n');
    expect(loadEnv(BaseEnv, { ...others, LUTRA_NATS_PASSWORD_FILE }).env.LUTRA_NATS_PASSWORD).toBe(' with blanks ');
  });

  it('that is not there is named by its variable', () => {
    const error = failureOf({ ...withoutKey, LUTRA_SECRET_KEY_FILE: join(folder, 'nowhere') });
    expect(error.details['problems']).toEqual(['LUTRA_SECRET_KEY_FILE names a file that cannot be read']);
  });

  it('excludes the variable', () => {
    const error = failureOf({ ...validEnvironment, LUTRA_SECRET_KEY_FILE: write('again', older) });
    expect(error.details['problems']).toEqual(['LUTRA_SECRET_KEY and LUTRA_SECRET_KEY_FILE exclude each other']);
  });
});

describe('describeEnvProblems', () => {
  it('begins with one JSON line and goes on with a line per problem', () => {
    const [json, , ...lines] = describeEnvProblems(failureOf({ LUTRA_HTTP_PORT: '-1' }), 'select').split('\n');
    expect(JSON.parse(json ?? '')).toMatchObject({ level: 'fatal', service: 'select', code: 'CONFIG_ENV_INVALID' });
    expect(lines.filter((line) => line.startsWith('  - LUTRA_')).length).toBeGreaterThan(5);
  });
});
