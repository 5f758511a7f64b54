import { ModernFakeTimers } from '@jest/fake-timers'
import { ModuleMocker } from 'jest-mock'
import { measureCpu } from './jest-cpu.mjs'

/**
 * The environment of one file of tests: the process of its worker, without its own context. What a file changes in the
 * process is undone after it, so that no file depends on those that ran before it in the same worker.
 */
export default class NativeEnvironment {
  global = globalThis
  moduleMocker = new ModuleMocker(globalThis)
  #undo = [restoringGlobals(), restoringVariables(), restoringExit()]

  constructor({ projectConfig }, { testPath }) {
    this.#undo.push(measureCpu(testPath, projectConfig.rootDir))
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis })
  }

  async setup() {}

  /** Names files by their paths, as Jest does, instead of Node's URLs: an editor then opens them. */
  handleTestEvent({ error }) {
    if (error instanceof Error) error.stack = error.stack?.replaceAll(/file:\/\/(?=\/)/g, '')
  }

  async teardown() {
    this.fakeTimersModern.dispose()
    for (const undo of this.#undo) undo()
  }

  exportConditions() {
    return ['node', 'node-addons']
  }

  getVmContext() {
    return null
  }
}

/** Globals that were replaced, such as `WebSocket` or `console`. New ones stay: they belong to modules, which stay loaded. */
function restoringGlobals() {
  const before = Object.entries(Object.getOwnPropertyDescriptors(globalThis))
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor.configurable) Object.defineProperty(globalThis, name, descriptor)
    }
  }
}

function restoringVariables() {
  const before = { ...process.env }
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

/** Jest wraps `process.exit`, and a command under test may set the exit code. */
function restoringExit() {
  const { exitCode } = process
  const exit = Object.getOwnPropertyDescriptor(process, 'exit')
  return () => {
    Object.defineProperty(process, 'exit', exit)
    process.exitCode = exitCode
  }
}
