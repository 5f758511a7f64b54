/**
 * Exits a Jest process as soon as its event loop is empty. The process has a context for each test file that it has run, and
 * Node needs longer to free them than the half second after which Jest kills a worker and reports leaking tests. A process
 * with a real leak never emits `beforeExit`, so that Jest still reports it.
 */
process.once('beforeExit', () => process.exit())
