import type { AuditActor, AuditEntry } from '@paxyo/database'
import { userInfo } from 'node:os'

/** The user of the operating system, as the author of an entry. */
export function commandLineActor(): AuditActor {
  try {
    return { actor: 'command line', actorName: userInfo().username, address: null }
  } catch {
    // A container's user may have no name.
    return { actor: 'command line', actorName: 'unknown', address: null }
  }
}

/** The entry of a change that the command line made. */
export const commandLineEntry = (action: string, subject: string, after: object | null): AuditEntry => ({
  ...commandLineActor(),
  action,
  subject,
  note: null,
  before: null,
  after,
  result: 'ok',
})
