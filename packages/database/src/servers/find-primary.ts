import { setTimeout as sleep } from 'node:timers/promises'
import { NotConnectedError } from '../database-errors.ts'
import { readState, type Server } from './server-session.ts'

/** A server that accepts writes. */
export interface Primary {
  readonly server: Server
  readonly timeline: number
}

/**
 * After this time a server that is not the primary is asked again, while another one has not responded: it may be promoted
 * because that one hangs.
 */
const ASK_AGAIN_MS = 300
/** How long the others may take once one server is known to accept writes: one of them may have a later timeline. */
const OTHERS_TIMEOUT_MS = 250
/** Wrong logins and databases: another attempt fails likewise, and the reason helps. */
const WRONG_ADDRESS = /^(28|3D)/

/**
 * Asks all servers at once which of them accepts writes, and again for as long as one of them does not respond. When several accept
 * writes, a former primary was not stopped at a failover, and the one of the latest timeline is the primary.
 *
 * @param timelineMin earlier timelines are those of former primaries.
 * @throws NotConnectedError with the reason of each server, or the server's error when the login is wrong.
 */
export async function findPrimary(servers: readonly Server[], timelineMin: number): Promise<Primary> {
  const primaries: Primary[] = []
  const reasons = new Map<Server, string>()
  let wrongAddress: unknown
  const silent = new Set(servers)
  const { promise: found, resolve: firstFound } = Promise.withResolvers<void>()
  async function ask(server: Server): Promise<void> {
    try {
      const timeline = await timelineOf(server, timelineMin)
      primaries.push({ server, timeline })
      firstFound()
    } catch (error) {
      const { message, code } = error as Error & { code?: string }
      reasons.set(server, `${server.name}: ${message || code}`)
      if (WRONG_ADDRESS.test(code ?? '')) wrongAddress ??= error
    }
  }
  const asked = servers.map(async (server) => {
    await ask(server)
    silent.delete(server)
    while (silent.size > 0 && primaries.length === 0) {
      await sleep(ASK_AGAIN_MS)
      await ask(server)
    }
  })
  const all = Promise.all(asked)
  await Promise.race([all, found.then(() => Promise.race([all, sleep(OTHERS_TIMEOUT_MS)]))])
  const primary = primaries.toSorted((a, b) => b.timeline - a.timeline)[0]
  if (primary !== undefined) return primary
  throw wrongAddress ?? new NotConnectedError(`no server accepts writes: ${[...reasons.values()].join('; ')}`)
}

/** @throws Error with the reason why it is not the primary. */
async function timelineOf(server: Server, timelineMin: number): Promise<number> {
  const { isReplica, isReadOnly, timeline } = await readState(server)
  if (isReplica || timeline === null) throw new Error('is a standby')
  if (isReadOnly) throw new Error('is read-only')
  if (timeline < timelineMin) {
    throw new Error(`is a former primary: its timeline is ${timeline}, and timeline ${timelineMin} was in use`)
  }
  return timeline
}
