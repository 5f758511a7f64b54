import type { AuditCall } from './insert-calls.ts'

/** A call of a group, in which a ref of `audit_call_users` has the place of the user's id. */
export interface ChainedCall extends Omit<AuditCall, 'userId'> {
  /** As an ISO time with microseconds. */
  readonly at: string
  readonly ref: string | null
}

type Line = readonly [
  at: string,
  actor: string,
  address: string | null,
  action: string,
  subject: string | null,
  ref: string | null,
  result: string,
  after: object | null,
]

/** The calls of a group, the oldest first, from the lines that `chain_audit_calls` has written. */
export function parseLines(lines: string): ChainedCall[] {
  return lines.split('\n').map((text) => {
    const [at, actor, address, action, subject, ref, result, after] = JSON.parse(text) as Line
    return { at, actor, address, action, subject, ref, result, after }
  })
}
