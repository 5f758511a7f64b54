import type { ErrorCode } from '@paxyo/contracts'
import type { IdempotentRequest, WrittenResponse } from '@paxyo/ledger'
import type { FastifyRequest } from 'fastify'

/**
 * A client without a response repeats its request, also while the first one still waits for its turn. The repetitions would each
 * read the stored response in a transaction.
 *
 * Guarantee: a request gets the response of another one only if both have the same Idempotency-Key, method, URL and body, and
 * the other one was in flight in this process when it began, and was committed. It is the response that is stored under the key,
 * and final. After an error or an unknown outcome it runs its own transaction, as it does when the other one is in another process:
 * then the key's lock in the database and the stored response decide.
 *
 * How: the requests of a key that are in flight at the same time share one object, in which the first one that is committed leaves
 * its response. It is gone with the last of them.
 */
export interface RepeatedRequests {
  /** Called when a request begins to wait for its turn. */
  begin(request: FastifyRequest): void
  /** Called when it has its response. */
  end(request: FastifyRequest): void
}

interface Shared {
  /** The one that later ones repeat. */
  readonly first: FastifyRequest
  committed?: { readonly hash: Buffer; readonly response: WrittenResponse }
}

const sharedByRequest = new WeakMap<FastifyRequest, Shared>()

/** Creates the record of the requests of one API. */
export function createRepeatedRequests(): RepeatedRequests {
  const sharedByKey = new Map<string, Shared>()
  return {
    begin(request) {
      const key = request.headers['idempotency-key']
      if (typeof key !== 'string') return
      const shared = sharedByKey.get(key) ?? { first: request }
      sharedByKey.set(key, shared)
      sharedByRequest.set(request, shared)
    },
    end(request) {
      const key = request.headers['idempotency-key']
      if (typeof key === 'string' && sharedByKey.get(key)?.first === request) sharedByKey.delete(key)
    },
  }
}

/**
 * The response of an equal request that was in flight when this one began, if it is committed by now; otherwise this one is
 * committed.
 */
export async function shareResponse(
  request: FastifyRequest,
  idempotent: IdempotentRequest | undefined,
  commit: () => Promise<WrittenResponse | ErrorCode>,
): Promise<WrittenResponse | ErrorCode> {
  const shared = sharedByRequest.get(request)
  if (shared === undefined || idempotent === undefined) return commit()
  const { hash } = idempotent
  if (shared.committed?.hash.equals(hash)) return { ...shared.committed.response, isReplay: true }
  const response = await commit()
  if (typeof response !== 'string') shared.committed ??= { hash, response }
  return response
}
