import { EXIT_CODES, type ExitReason } from './exit-codes.ts'

/** An error that a person can fix: `message` is the problem, `hint` the fix. */
export class Failure extends Error {
  readonly reason: ExitReason
  readonly hint: string | undefined

  constructor(reason: ExitReason, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.reason = reason
    this.hint = hint
  }

  get exitCode(): number {
    return EXIT_CODES[this.reason].code
  }
}
