/** What the doctor says about one thing. */
export interface Finding {
  readonly check: string
  /** `skipped`: it could not be looked at, because something it needs has failed. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly message: string
  /** How to put it right. */
  readonly hint?: string
}

export const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message })
export const warning = (check: string, message: string, hint: string): Finding => ({
  check,
  status: 'warning',
  message,
  hint,
})
export const failed = (check: string, message: string, hint: string): Finding => ({
  check,
  status: 'failed',
  message,
  hint,
})
export const skipped = (check: string, message: string): Finding => ({ check, status: 'skipped', message })
