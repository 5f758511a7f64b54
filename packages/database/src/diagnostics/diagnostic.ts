/** The result of one check of the doctor. */
export interface Diagnostic {
  readonly check: string
  /** `skipped`: not checked, because a precondition failed. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly message: string
  /** How to fix it. */
  readonly hint?: string
}

export const ok = (check: string, message: string): Diagnostic => ({ check, status: 'ok', message })
export const warning = (check: string, message: string, hint: string): Diagnostic => ({
  check,
  status: 'warning',
  message,
  hint,
})
export const failed = (check: string, message: string, hint: string): Diagnostic => ({
  check,
  status: 'failed',
  message,
  hint,
})
export const skipped = (check: string, message: string): Diagnostic => ({ check, status: 'skipped', message })
