const base = require('./jest.config.js');

/** Tests in Debian's Chromium against one real server with the demonstration; `npm run test:browser` builds first. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/browser'],
  testPathIgnorePatterns: [],
  globalSetup: '<rootDir>/test/browser/support/setup.ts',
  globalTeardown: '<rootDir>/test/browser/support/teardown.ts',
  testTimeout: 60_000,
  maxWorkers: 1,
};
