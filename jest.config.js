export default {
  projects: ['<rootDir>/libs/*', '<rootDir>/services/*', '<rootDir>/tools', '<rootDir>/test/e2e'],
};
