export default {
  testSequencer: '<rootDir>/tools/longest-first.mjs',
  projects: ['<rootDir>/libs/*', '<rootDir>/services/*', '<rootDir>/tools', '<rootDir>/test/e2e'],
  // A worker that holds nothing open still takes more than Jest's 500 ms to end on a busy machine, and is then said to leak.
  workerGracefulExitTimeout: 5_000,
};
