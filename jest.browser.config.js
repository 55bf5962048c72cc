const base = require('./jest.config.js');

/** Tests in Debian's Chromium against real servers with the demonstration, one for each worker; `npm run test:browser` builds first. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/browser'],
  testPathIgnorePatterns: [],
  globalSetup: '<rootDir>/test/browser/support/setup.ts',
  globalTeardown: '<rootDir>/test/browser/support/teardown.ts',
  testTimeout: 120_000,
  maxWorkers: 2,
};
