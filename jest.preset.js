// Nightly tests exist only in the nightly phase (tools/src/test sets it): whoever runs Jest by hand does not wait for them.
const isNightly = process.env.LUTRA_TEST_PHASE === 'nightly';

// One preset for every project. Sources are compiled by swc on the fly; workspace packages resolve to their TypeScript
// sources through the "@lutra/source" export condition, so a test never runs a stale build.
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['@lutra/source', 'node', 'node-addons'] },
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
