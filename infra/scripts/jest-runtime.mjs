import JestRuntime from 'jest-runtime'
import { createRequire, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

/** Where `@jest/globals` finds the globals of the file of tests that runs now. */
const GLOBALS = Symbol.for('paxyo.jest.globals')
const globalsModule = new URL('jest-globals.mjs', import.meta.url).href

// Each importing file gets its own module, since the globals differ between files of tests.
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier !== '@jest/globals') return nextResolve(specifier, context)
    return { url: `${globalsModule}?of=${encodeURIComponent(context.parentURL)}`, format: 'module', shortCircuit: true }
  },
})

/**
 * Loads files of tests with Node's own module loader: a module is evaluated once in a worker and shared by the files of tests
 * that run there. Jest's own runtime would evaluate every module again, in its own context, for every file.
 */
export default class NativeRuntime extends JestRuntime {
  #testPath

  constructor(...args) {
    super(...args)
    this.#testPath = args[6]
  }

  setGlobalsForRuntime(globals) {
    // Jest maps each frame of each error to the source that was compiled. Here that is what runs, and Playwright makes an error
    // for each of its calls.
    delete Error.prepareStackTrace
    const jest = this.jestGlobals.jestObjectFor(this.#testPath)
    globalThis[GLOBALS] = { ...globals, jest }
  }

  unstable_shouldLoadAsEsm() {
    return true
  }

  async unstable_importModule(path) {
    return import(pathToFileURL(path).href)
  }

  requireModule(path) {
    return require(path)
  }

  /** Jest requires its test framework with this; it holds the tests of one file, so each file needs a new one. */
  requireInternalModule(path) {
    delete globalThis[Symbol.for('EVENT_HANDLERS')]
    delete require.cache[require.resolve(path)]
    return require(path)
  }
}
