/** Runs the TypeScript sources as they are: Node strips the types. */
export default {
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  // A folder's tests stand in its test/; those of the whole system in infra/e2e.
  testMatch: ['<rootDir>/{packages,services,infra}/**/test/**/*.test.ts', '<rootDir>/infra/e2e/*.test.ts'],
  globalSetup: '<rootDir>/packages/testkit/src/global-setup.ts',
  globalTeardown: '<rootDir>/packages/testkit/src/global-teardown.ts',
  // In processes of their own: Node takes minutes to end one that has run all test files in as many contexts.
  maxWorkers: 2,
  // The contexts of files that are done are let go by a new process only.
  workerIdleMemoryLimit: '1GB',
  // Generous: a busy machine is no finding.
  testTimeout: 240_000,
  reporters: ['default', '<rootDir>/infra/scripts/jest-count-reporter.mjs'],
  // A file that hangs on to something is a leak: say so by not ending instead of hiding it.
  forceExit: false,
}
