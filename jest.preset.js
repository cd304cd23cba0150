import { randomInt } from 'node:crypto';
import { join } from 'node:path';

// Nightly tests exist only in the nightly phase (tools/src/test sets it): whoever runs Jest by hand does not wait for them.
const isNightly = process.env.LUTRA_TEST_PHASE === 'nightly';

// Of all property tests of the run; given, it repeats a run. Workers inherit it.
process.env.LUTRA_TEST_SEED ??= String(randomInt(2 ** 31));

// One preset for every project. Sources are compiled by swc on the fly; workspace packages resolve to their TypeScript
// sources through the "@lutra/source" export condition, so a test never runs a stale build.
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['@lutra/source', 'node', 'node-addons'] },
  moduleNameMapper: { '^fast-check$': join(import.meta.dirname, 'tools', 'fast-check.mjs') },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testMatch: ['<rootDir>/**/*.test.ts', ...(isNightly ? [] : ['!**/*.nightly.test.ts'])],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/dist-test/'],
};
