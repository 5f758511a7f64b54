/** The result of one check of the doctor. */
export interface Diagnostic {
  readonly check: string
  /** `skipped`: not checked, because a precondition failed. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly message: string
  /** How to fix it. */
  readonly hint?: string
}

/**
 * A check without a problem.
 *
 * @example
 * ok('outbox', 'every batch is published').status //=> 'ok'
 */
export const ok = (check: string, message: string): Diagnostic => ({ check, status: 'ok', message })
/**
 * A problem that a person should look at.
 *
 * @example
 * warning('outbox', '3 batches are not published yet', 'Is Redis running?').hint //=> 'Is Redis running?'
 */
export const warning = (check: string, message: string, hint: string): Diagnostic => ({
  check,
  status: 'warning',
  message,
  hint,
})
/**
 * A problem that stops something.
 *
 * @example
 * failed('postgres', 'the connection was refused', 'Start PostgreSQL.').status //=> 'failed'
 */
export const failed = (check: string, message: string, hint: string): Diagnostic => ({
  check,
  status: 'failed',
  message,
  hint,
})
/**
 * A check that was not possible.
 *
 * @example
 * skipped('tables', 'checked after the migrations').status //=> 'skipped'
 */
export const skipped = (check: string, message: string): Diagnostic => ({ check, status: 'skipped', message })
