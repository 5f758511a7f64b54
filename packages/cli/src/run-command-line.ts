import { CommanderError } from 'commander'
import { EXIT_CODES } from './exit-codes.ts'
import { Failure } from './failure.ts'
import { buildProgram } from './program.ts'
import { withStandalone } from './standalone-env.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs one command line, without the names of Node and the script.
 *
 * @returns the exit code, after printing the error if there is one.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const finished = { exitCode: EXIT_CODES.ok.code as number }
    const env = await withStandalone(terminal.env)
    await buildProgram({ ...terminal, env }, finished).parseAsync([...args], { from: 'user' })
    return finished.exitCode
  } catch (error) {
    if (terminal.signal.aborted) return EXIT_CODES.interrupted.code
    // Commander has printed its error already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code
    const failure = toFailure(error)
    printFailure(failure, terminal, args.includes('--json'))
    return failure.exitCode
  }
}

function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  // Recognized by its name: its module takes a while to load, and most commands do not need it.
  if (Error.isError(error) && error.name === 'ConfigError') return new Failure('usage', error.message)
  const message = Error.isError(error) ? error.message : String(error)
  return new Failure('internal', `internal error: ${message}`, 'Set PAXYO_DEBUG=1 to print the stack trace.', {
    cause: error,
  })
}

function printFailure(failure: Failure, terminal: Terminal, asJson: boolean): void {
  const { reason, message, hint, cause } = failure
  if (asJson) {
    terminal.err(`${JSON.stringify({ error: { reason, message, ...(hint === undefined ? {} : { hint }) } })}\n`)
    return
  }
  terminal.err(`${terminal.styleErr('red', 'paxyo:')} ${message}\n`)
  if (hint !== undefined) terminal.err(`       ${hint}\n`)
  if (terminal.env['PAXYO_DEBUG'] && Error.isError(cause)) terminal.err(`${cause.stack}\n`)
}
