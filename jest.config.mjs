/** One kind of test, by the suffix of its file names. It runs the TypeScript sources directly: Node strips the types. */
const kindOf = (displayName, name, otherKinds = []) => ({
  displayName,
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  // A folder's tests are in its test/; tests of the whole system are in infra/e2e.
  testMatch: [
    `<rootDir>/{packages,services,infra}/**/test/**/*${name}.ts`,
    `<rootDir>/infra/e2e/*${name}.ts`,
    ...otherKinds.map((other) => `!**/*${other}.ts`),
  ],
})

/** The setup runs once for both kinds that need it. */
const servers = {
  globalSetup: '<rootDir>/packages/testkit/src/global-setup.ts',
  globalTeardown: '<rootDir>/packages/testkit/src/global-teardown.ts',
}

export default {
  projects: [
    // Needs only Node.
    kindOf('unit', '.test', ['.integration.test', '.e2e.test']),
    // Needs PostgreSQL or Redis.
    { ...kindOf('integration', '.integration.test'), ...servers },
    // Starts processes, including browsers.
    { ...kindOf('e2e', '.e2e.test'), ...servers },
  ],
  // Separate processes: Node takes minutes to exit after it has run all test files, each in its own context.
  maxWorkers: 2,
  // Only a new process releases the contexts of finished files.
  workerIdleMemoryLimit: '1GB',
  // Generous: a busy machine does not fail a test.
  testTimeout: 240_000,
  testSequencer: '<rootDir>/infra/scripts/jest-sequencer.mjs',
  reporters: ['default', '<rootDir>/infra/scripts/jest-count-reporter.mjs'],
  // A file that leaves open handles has a leak, which a forced exit would hide.
  forceExit: false,
}
