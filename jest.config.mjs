/** One kind of test, by the suffix of its file names. It runs the TypeScript sources directly: Node strips the types. */
const kindOf = (displayName, name, otherKinds = []) => ({
  displayName,
  // Without them Jest lists all files of the packages in node_modules, once for each kind.
  roots: ['<rootDir>/packages', '<rootDir>/services', '<rootDir>/infra'],
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: '<rootDir>/infra/scripts/jest-environment.mjs',
  runtime: '<rootDir>/infra/scripts/jest-runtime.mjs',
  injectGlobals: false,
  // A folder's tests are in its test/; tests of the whole system are in infra/e2e.
  testMatch: [
    `<rootDir>/{packages,services,infra}/**/test/**/*${name}.ts`,
    `<rootDir>/infra/e2e/**/*${name}.ts`,
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
  // On two cores: tests wait for processes, browsers and timers most of the time. Four leave the cores idle for a fifth of it.
  maxWorkers: 5,
  // Only a new process releases what the modules of finished files keep.
  workerIdleMemoryLimit: '1GB',
  // Generous: a busy machine does not fail a test.
  testTimeout: 240_000,
  testSequencer: '<rootDir>/infra/scripts/jest-sequencer.mjs',
  reporters: ['default', '<rootDir>/infra/scripts/jest-count-reporter.mjs'],
  // A file that leaves open handles has a leak, which a forced exit would hide.
  forceExit: false,
  // At its end a worker writes what it has compiled into Node's cache, which takes longer on a busy machine.
  workerGracefulExitTimeout: 20_000,
}
