/**
 * Ends a process of Jest's as soon as nothing is left to do in it. It has a context for each test file that it has run, and
 * Node takes longer to free them than the half second that Jest waits for a worker before it ends it by force and speaks
 * of tests that leak. One that does hold on to something never comes here, and is told of as before.
 */
process.once('beforeExit', () => process.exit())
