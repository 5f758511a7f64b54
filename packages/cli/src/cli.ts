import type { Command } from 'commander'
import { EXIT_CODES, type ExitReason } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** What every command is given. */
export interface Cli extends Terminal {
  /** Whether results are for programs: one JSON value, or one a line where there may be many. */
  readonly asJson: boolean
  /** Prints the result: `value` for programs, `text` for people. */
  print(value: unknown, text: () => string): void
  /** Ends with another exit code than 0 although the command did its work. */
  finish(reason: ExitReason): void
}

/** How a command ended, for whoever started the command line. */
export interface Finished {
  exitCode: number
}

/**
 * A command's action. `run` gets the command's own options and its arguments as commander has read them: it says itself
 * what it has declared.
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
