import type { ErrorCode } from '@paxyo/contracts'
import { sendProblem } from '@paxyo/service-kit'
import type { FastifyReply } from 'fastify'

/** What a request that changed something is answered with. */
export interface Answer {
  readonly status: 200 | 201
  readonly body: object
  /** It is the answer to an earlier request that asked for the same. */
  readonly isReplay?: boolean
}

/** An answer as it was stored with its effect, or would have been. */
export interface WrittenAnswer {
  readonly status: number
  readonly json: string
  /** It is the answer to an earlier request with the same Idempotency-Key, or of the same payment. */
  readonly isReplay: boolean
}

const RETRY_AFTER_S: Partial<Record<ErrorCode, number>> = {
  database_unavailable: 5,
  queue_full: 5,
  idempotency_key_in_use: 1,
}

/** Sends an answer as it was written down, or why there is none. */
export function sendAnswer(reply: FastifyReply, answer: WrittenAnswer | ErrorCode): FastifyReply {
  if (typeof answer === 'string') return refuse(reply, answer)
  if (answer.isReplay) void reply.header('idempotent-replayed', 'true')
  return reply.code(answer.status).type('application/json; charset=utf-8').send(answer.json)
}

/** Answers with an error, and says when to come back if that may help. */
export function refuse(reply: FastifyReply, code: ErrorCode, detail?: string): FastifyReply {
  const retryAfterS = RETRY_AFTER_S[code]
  if (retryAfterS !== undefined) void reply.header('retry-after', retryAfterS)
  return sendProblem(reply, code, detail)
}
