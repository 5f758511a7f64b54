import type { Command } from 'commander'
import { EXIT_CODES, type ExitReason } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** The context of a command. */
export interface Cli extends Terminal {
  /** Whether results are for programs: one JSON value, or one per line where there may be many. */
  readonly asJson: boolean
  /** Prints the result: `value` for programs, `text` for people. */
  print(value: unknown, text: () => string): void
  /** Sets an exit code other than 0 for a command that did its work. */
  finish(reason: ExitReason): void
}

/** How a command ended, for the caller of the command line. */
export interface Finished {
  exitCode: number
}

/**
 * A command's action. `run` receives the command's own options and its arguments as commander has parsed them: it declares
 * their types itself.
 */
export function action(
  terminal: Terminal,
  finished: Finished,
  run: (cli: Cli, options: never, ...args: never[]) => Promise<void> | void,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command
    const { json, ...options } = command.optsWithGlobals<{ json?: boolean }>()
    await run(createCli(terminal, finished, json === true), options as never, ...(given.slice(0, -2) as never[]))
  }
}

function createCli(terminal: Terminal, finished: Finished, asJson: boolean): Cli {
  return {
    ...terminal,
    asJson,
    print: (value, text) => terminal.out(`${asJson ? JSON.stringify(value) : text()}\n`),
    finish: (reason) => void (finished.exitCode = EXIT_CODES[reason].code),
  }
}
