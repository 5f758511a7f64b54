/**
 * Ends a run with the line `N passed, N failed`. In CI a skipped test or a `todo` counts as failed, because a missing part
 * must not count as a working one.
 */
export default class CountReporter {
  #skippedFails = process.env.CI === 'true'
  #failed = 0

  onRunComplete(_contexts, results) {
    const suitesThatDidNotRun = results.numRuntimeErrorTestSuites
    const skipped = results.numPendingTests + results.numTodoTests
    this.#failed = results.numFailedTests + suitesThatDidNotRun + (this.#skippedFails ? skipped : 0)
    if (skipped > 0) console.log(`${skipped} tests were skipped`)
    // After Jest's own summary, which is written to standard error.
    process.once('exit', () => console.log(`${results.numPassedTests} passed, ${this.#failed} failed`))
  }

  getLastError() {
    return this.#failed > 0 ? new Error(`${this.#failed} tests failed or did not run`) : undefined
  }
}
