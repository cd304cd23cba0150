// Writes .env for compose.yaml with random secrets, readable by its owner only. Never overwrites one: the key in it opens
// the stored passwords of the data sources.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const file = process.argv[2] ?? join(folder, '..', '.env');
const secret = () => randomBytes(24).toString('base64url');
const made = {
  LUTRA_NATS_PASSWORD: secret(),
  LUTRA_ZOOKEEPER_AUTH: `lutra:${secret()}`,
  LUTRA_SECRET_KEY: randomBytes(32).toString('base64'),
  MANAGER_DATABASE_PASSWORD: secret(),
  LUTRA_DEMO_PASSWORD: secret(),
};
const text = readFileSync(join(folder, 'env.example'), 'utf8').replaceAll(/^(\w+)=.*$/gm, (line, name) =>
  name in made ? `${name}=${made[name]}` : line,
);
try {
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  process.stdout.write(`${file} is written.\n`);
} catch (error) {
  if (error.code !== 'EEXIST') throw error;
  process.stderr.write(`${file} exists already and is left as it is.\n`);
  process.exitCode = 1;
}
