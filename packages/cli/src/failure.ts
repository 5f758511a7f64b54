import { EXIT_CODES, type ExitReason } from './exit-codes.ts'

/** Something went wrong that a person can mend: `message` says what, `mend` how. */
export class Failure extends Error {
  readonly reason: ExitReason
  readonly mend: string | undefined

  constructor(reason: ExitReason, message: string, mend?: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.reason = reason
    this.mend = mend
  }

  get exitCode(): number {
    return EXIT_CODES[this.reason].code
  }
}
