const commonjs = { module: { type: 'commonjs' }, sourceMaps: 'inline' };

/** Tests run through swc: no type check here, that is `npm run lint`'s. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // In a browser, against a built dashboard: jest.browser.config.js.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/browser/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        ...commonjs,
      },
    ],
    // It loads node:http by import(), which jest's CommonJS does not have.
    '/otlp-exporter-base/.+\\.js$': ['@swc/jest', { jsc: { target: 'es2023' }, ...commonjs }],
  },
  transformIgnorePatterns: ['/node_modules/(?!@opentelemetry/otlp-exporter-base/)'],
  testTimeout: 30_000,
  maxWorkers: 2,
};
