import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICES } from '@lutra/model';
import { projectRoot } from '@lutra/testing';

// Goal: the description for Docker stays valid. Method: its shape is looked at as text; where a compose client is at hand,
// the client checks it too.
const composeFile = join(projectRoot, 'compose.yaml');
const text = readFileSync(composeFile, 'utf8');
let folder = '';
let envFile = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lutra-compose-'));
  envFile = join(folder, 'env');
  spawnSync(process.execPath, [join(projectRoot, 'deploy', 'make-env.mjs'), envFile]);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The block of one service: from its name to the next line that is indented as little. */
const serviceBlock = (name: string): string =>
  new RegExp(`^services:[\\s\\S]*?^  ${name}:\\n((?:(?: {4}.*)?\\n)*)`, 'm').exec(text)?.[1] ?? '';

function composeClient(): readonly [string, ...string[]] | null {
  const clients: (readonly [string, ...string[]])[] = [['docker', 'compose'], ['docker-compose']];
  for (const [program, ...args] of clients) {
    const { status, stdout } = spawnSync(program, [...args, 'version', '--short'], { encoding: 'utf8' });
    if (status === 0 && Number(stdout.trim().replace(/^v/, '').split('.')[0]) >= 2) return [program, ...args];
  }
  return null;
}

describe('compose.yaml', () => {
  it.each(SERVICES.map((service) => [service]))('describes %s so that it can be scaled', (service) => {
    const block = serviceBlock(service);
    expect(block).toContain('<<: *service');
    expect(block).toContain(`services/${service}/dist/main.js`);
    expect(block).not.toContain('container_name');
    if (service !== 'manager') expect(block).not.toContain('ports:');
  });

  it('holds no secret: every password comes from the environment', () => {
    for (const [line] of text.matchAll(/^.*(PASSWORD|AUTH|SECRET_KEY)\w*:.*$/gm))
      expect(line).toMatch(/\$\{|_RANDOM_ROOT_PASSWORD/);
  });

  it('finds all its variables in the written environment, which only its owner can read', () => {
    const names = new Set([...readFileSync(envFile, 'utf8').matchAll(/^(\w+)=./gm)].map((match) => match[1]));
    for (const match of text.matchAll(/\$\{(\w+):\?/g)) expect(names).toContain(match[1]);
    expect(statSync(envFile).mode & 0o777).toBe(0o600);
  });

  it('is accepted by a compose client, where there is one', () => {
    const client = composeClient();
    if (client === null) return;
    const [program, ...args] = client;
    const config = [...args, '-f', composeFile, '--env-file', envFile, '--profile', 'demo', 'config', '--quiet'];
    const { status, stderr } = spawnSync(program, config, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
