// Goal: the import boundaries bite. A rule that sleeps (no project graph, a pattern that matches nothing) looks exactly
// like clean code, so each kind of forbidden import is linted here and has to be an error.
// Method: ESLint's own API with the project's configuration, on texts that stand under real paths; the rules that need
// types are off, because the texts are in no TypeScript project.
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = join(import.meta.dirname, '..', '..');
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [
    {
      files: ['**/*.ts'],
      ...tseslint.configs.disableTypeChecked,
      languageOptions: { parserOptions: { project: false, program: null } },
    },
    // Nx asks its cached graph, which another machine may not have: the table under test is ESLint's own.
    { files: ['**/*.ts'], rules: { '@nx/enforce-module-boundaries': 'off' } },
  ],
});

async function rulesBroken(filePath: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: join(root, filePath) });
  const broken = (result?.messages ?? [])
    .filter(({ ruleId }) => ruleId !== '@typescript-eslint/no-unused-vars')
    .map(({ ruleId, message }) => ruleId ?? message);
  return [...new Set(broken)];
}

const use = (name: string): string => `import { thing } from '${name}';\nexport const kept = thing;`;

describe('import boundaries', () => {
  it.each([
    ['select does not decode rows', 'services/select/src/canary.ts', use('@lutra/binlog/decoder')],
    [
      'select does not decode rows in its module either',
      'services/select/src/select.module.ts',
      use('@lutra/binlog/decoder'),
    ],
    ['transform does not read a binlog', 'services/transform/src/canary.ts', use('@lutra/binlog')],
    ['load does not read a binlog', 'services/load/src/canary.ts', use('@lutra/binlog')],
    ['the arbiter knows no SQL', 'services/arbiter/src/canary.ts', use('@lutra/sql')],
    ['no service imports a service', 'services/load/src/canary.ts', use('@lutra/select')],
    ['no library imports a service', 'libs/binlog/src/canary.ts', use('@lutra/select')],
    ['the model imports nobody', 'libs/model/src/canary.ts', use('@lutra/messaging')],
    ['the product does not import test helpers', 'services/load/src/canary.ts', use('@lutra/testing')],
    ['messaging does not know NestJS', 'libs/messaging/src/canary.ts', use('@nestjs/common')],
    ['the domain of a service does not know NestJS', 'services/extract/src/canary.ts', use('@nestjs/common')],
    ['transform has no database driver', 'services/transform/src/canary.ts', use('mysql2/promise')],
    ['only the manager uses TypeORM', 'services/arbiter/src/canary.ts', use('typeorm')],
    ['only messaging speaks NATS', 'services/load/src/canary.ts', use('@nats-io/jetstream')],
    ['only coordination speaks ZooKeeper', 'services/arbiter/src/canary.ts', use('node-zookeeper-client')],
    ['scripts run in libs/mapping only', 'services/transform/src/canary.ts', use('quickjs-emscripten-core')],
    ['expressions are compiled in libs/mapping only', 'services/manager/src/canary.ts', use('@marcbachmann/cel-js')],
    ['only service-kit sets telemetry up', 'services/load/src/canary.ts', use('@opentelemetry/sdk-trace-node')],
    ['nobody reaches behind a contract', 'services/load/src/canary.ts', use('@lutra/model/src/permit.ts')],
    ['nobody reaches across folders', 'services/load/src/canary.ts', use('../../../libs/model/src/permit.ts')],
    ['no library reaches into its neighbour', 'libs/sql/src/canary.ts', use('../../model/src/permit.ts')],
    ['nobody but the simulation looks into a service', 'tools/src/demo/canary.ts', use('@lutra/load/simulation')],
    ['a service does not drive another', 'services/load/src/canary.ts', use('@lutra/select/simulation')],
    ['the simulation sees only what is shown to it', 'tools/src/sim/canary.ts', use('@lutra/load')],
    ['a test stays inside its project’s imports', 'libs/sql/test/canary.ts', use('@lutra/messaging')],
  ])('%s', async (_claim, filePath, text) => {
    expect(await rulesBroken(filePath, text)).toEqual(['no-restricted-imports']);
  });

  it.each([
    ['extract decodes rows', 'services/extract/src/canary.ts', use('@lutra/binlog/decoder')],
    ['select knows what tables look like', 'services/select/src/canary.ts', use('@lutra/binlog/schema')],
    ['load builds SQL', 'services/load/src/canary.ts', use('@lutra/sql')],
    ['main may use NestJS', 'services/load/src/main.ts', use('@nestjs/common')],
    ['the manager uses TypeORM', 'services/manager/src/channels/canary.ts', use('typeorm')],
    ['sql has the driver', 'libs/sql/src/canary.ts', use('mysql2/promise')],
    ['mapping has the engine', 'libs/mapping/src/script/canary.ts', use('quickjs-emscripten-core')],
    ['everybody may open spans', 'services/load/src/canary.ts', use('@opentelemetry/api')],
    ['tests use the test library', 'libs/sql/test/canary.ts', use('@lutra/testing')],
    ['the simulation drives the real code', 'tools/src/sim/canary.ts', use('@lutra/load/simulation')],
    ['a neighbour file in a folder above', 'libs/sql/src/mysql/canary.ts', use('../statement.ts')],
  ])('%s, and that is allowed', async (_claim, filePath, text) => {
    expect(await rulesBroken(filePath, text)).toEqual([]);
  });
});

describe('forbidden words', () => {
  it.each([
    ['system time', 'export const now = Date.now();', 'no-restricted-properties'],
    ['system time in a date', 'export const now = new Date();', 'no-restricted-syntax'],
    ['a timer', 'setTimeout(() => null, 1);', 'no-restricted-globals'],
    ['chance', 'export const chance = Math.random();', 'no-restricted-properties'],
    ['the console', "console.log('x');", 'no-restricted-globals'],
    ['the environment', "export const home = process.env['HOME'];", 'no-restricted-properties'],
    ['a barrel', "export * from './x.ts';", 'no-restricted-syntax'],
    ['an enum', 'export enum Kind { A }', 'no-restricted-syntax'],
    ['a default export', 'export default 1;', 'no-restricted-syntax'],
  ])('%s', async (_what, text, ruleId) => {
    expect(await rulesBroken('services/load/src/canary.ts', text)).toEqual([ruleId]);
  });

  it('stay possible where they belong', async () => {
    expect(await rulesBroken('libs/model/src/clock.ts', 'export const now = Date.now();')).toEqual([]);
    expect(await rulesBroken('libs/model/test/canary.ts', 'export const now = Date.now();')).toEqual([]);
  });
});
