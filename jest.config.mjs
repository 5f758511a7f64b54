/** One kind of test, told by the end of its files' names. It runs the TypeScript sources directly: Node strips the types. */
const kindOf = (displayName, name, otherKinds = []) => ({
  displayName,
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  // A folder's tests are in its test/; those of the whole system in infra/e2e.
  testMatch: [
    `<rootDir>/{packages,services,infra}/**/test/**/*${name}.ts`,
    `<rootDir>/infra/e2e/*${name}.ts`,
    ...otherKinds.map((other) => `!**/*${other}.ts`),
  ],
})

/** The set-up runs once for both kinds that need it. */
const servers = {
  globalSetup: '<rootDir>/packages/testkit/src/global-setup.ts',
  globalTeardown: '<rootDir>/packages/testkit/src/global-teardown.ts',
}

export default {
  projects: [
    // Needs nothing but Node.
    kindOf('unit', '.test', ['.integration.test', '.e2e.test']),
    // Needs PostgreSQL or Redis.
    { ...kindOf('integration', '.integration.test'), ...servers },
    // Starts processes, browsers included.
    { ...kindOf('e2e', '.e2e.test'), ...servers },
  ],
  // In processes of their own: Node takes minutes to end one that has run all test files in as many contexts.
  maxWorkers: 2,
  // Only a new process releases the contexts of the files that are done.
  workerIdleMemoryLimit: '1GB',
  // Generous: a busy machine does not fail a test.
  testTimeout: 240_000,
  testSequencer: '<rootDir>/infra/scripts/jest-sequencer.mjs',
  reporters: ['default', '<rootDir>/infra/scripts/jest-count-reporter.mjs'],
  // A file that holds on to something is a leak: the run must not end and hide it.
  forceExit: false,
}
