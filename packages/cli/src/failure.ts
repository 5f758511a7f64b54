import { EXIT_CODES, type ExitReason } from './exit-codes.ts'

/** Something went wrong that a person can fix: `message` says what, `hint` how. */
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
