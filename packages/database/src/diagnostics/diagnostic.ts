import { fillSentence, type SentenceValues } from '@paxyo/contracts/data'

/** The result of one check of the doctor. */
export interface Diagnostic {
  readonly check: string
  /** `skipped`: not checked, because a precondition failed. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly message: string
  /** How to fix it. */
  readonly hint?: string
  /** What was found, and its values, for other languages than that of the message. */
  readonly code?: string
  readonly values?: SentenceValues
}

/** What a check can find, in English. `{name}` is replaced by a value. */
export interface Sentence {
  readonly message: string
  /** How to fix it, when it is a problem. */
  readonly hint?: string
}

/**
 * Makes diagnostics whose sentences are in a table.
 *
 * @example
 * const found = fromSentences({ outbox_waiting: { message: '{count} batches wait', hint: 'Is Redis running?' } })
 * found('warning', 'outbox', 'outbox_waiting', { count: 3 }).message //=> '3 batches wait'
 */
export const fromSentences =
  <Code extends string>(sentences: Readonly<Record<Code, Sentence>>) =>
  (status: Diagnostic['status'], check: string, code: Code, values: SentenceValues = {}): Diagnostic => {
    const { message, hint } = sentences[code]
    const isProblem = status === 'warning' || status === 'failed'
    return {
      check,
      status,
      message: fillSentence(message, values),
      ...(hint !== undefined && isProblem ? { hint: fillSentence(hint, values) } : {}),
      code,
      values,
    }
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
