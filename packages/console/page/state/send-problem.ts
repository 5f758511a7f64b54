/** Why an outgoing webhook failed. */
export interface SendProblem {
  readonly code: (typeof PROBLEMS)[number][0]
  /** The HTTP status of the response. */
  readonly status: string
}

/** What the errors of an attempt contain. */
const PROBLEMS = [
  ['rejected', /ECONNREFUSED/],
  ['late', /no response within|ETIMEDOUT/],
  ['unknownHost', /ENOTFOUND|EAI_AGAIN/],
  ['closed', /ECONNRESET|EPIPE|socket hang up/],
  ['certificate', /certificate/],
  ['status', /^status (\d{3})/],
] as const

export const SEND_PROBLEMS = PROBLEMS.map(([code]) => code)

/** The problem behind the error of an attempt; undefined when it is another one. */
export function sendProblemOf(error: string): SendProblem | undefined {
  for (const [code, pattern] of PROBLEMS) {
    const match = pattern.exec(error)
    if (match !== null) return { code, status: match[1] ?? '' }
  }
  return undefined
}
