import { createAheadPositions } from '@paxyo/database'
import type { UnusableCursor } from '@paxyo/ledger'
import type { FastifyReply } from 'fastify'
import { reject } from './response.ts'

/** Rejects a request for what comes after a cursor of a feed. */
export type RejectCursor = (
  reply: FastifyReply,
  /** The cursor of the request. */
  cursor: string | undefined,
  reason: UnusableCursor,
  hint?: string,
) => FastifyReply

export interface CursorRejectionOptions {
  /** Called for each request whose cursor the database does not have; `isVoid` when it has not had it for some time. */
  readonly onAhead: (isVoid: boolean) => void
  /** In ms; by default `performance.now`. */
  readonly now?: () => number
}

const AHEAD =
  'the database does not have the position of this cursor: it is a former primary, or a backup was restored without a new epoch'

/**
 * A cursor that is ahead of the database is rejected as long as the database may be a former primary: a retry continues there. Later
 * it is void.
 *
 * @example
 * const rejectCursor = createCursorRejection({ onAhead: () => undefined })
 * const app = createHttpServer({ log, trustProxy: false })
 * app.get('/', (_request, reply) => rejectCursor(reply, 'a-cursor', 'cursor_ahead'))
 * (await app.inject('/')).statusCode //=> 503
 */
export function createCursorRejection({
  onAhead,
  now = () => performance.now(),
}: CursorRejectionOptions): RejectCursor {
  // Nothing is forgotten: once the database has a cursor, it has it in every later failover.
  const ahead = createAheadPositions(now)
  return (reply, cursor, reason, hint) => {
    if (reason !== 'cursor_ahead') return reject(reply, reason, hint)
    const { url: feed } = reply.request.routeOptions
    const isVoid = ahead.isRestored(`${feed} ${cursor}`)
    onAhead(isVoid)
    return isVoid ? reject(reply, 'cursor_void', hint) : reject(reply, 'database_unavailable', AHEAD)
  }
}
