import type { ErrorCode } from '@paxyo/contracts'
import { roundTrip, textArray } from '@paxyo/database'
import type { PoolClient } from 'pg'
import type { Statement } from '../model/change-set.ts'

/** An Idempotency-Key and the request that it belongs to. */
export interface IdempotentRequest {
  readonly key: string
  readonly hash: Buffer
  /** The index of the transaction, when a request has several. */
  readonly part: number
}

/** A serialized response, stored with its effect when the request has an Idempotency-Key. */
export interface WrittenResponse {
  readonly status: number
  readonly json: string
  /** Whether it repeats the response to an earlier request with the same Idempotency-Key, or for the same payment. */
  readonly isReplay: boolean
}

/** The responses that are stored under the keys of some requests, and those that this transaction will store. */
export interface StoredResponses {
  /** The stored response, or why the request is rejected; undefined when its work has not been done yet. */
  find(request: IdempotentRequest): WrittenResponse | ErrorCode | undefined
  add(request: IdempotentRequest, response: WrittenResponse): void
  /** Stores what was added. */
  toStatements(): Statement[]
}

/** Two-part advisory locks do not collide with the one-part locks of provider orders. */
const LOCK_KEYS = `
  SELECT key FROM unnest($1::text[]) AS wanted (key)
  WHERE pg_try_advisory_xact_lock(hashtext('paxyo idempotency'), hashtext(key))`
// A separate statement after the locks, so that it sees what their previous holders committed.
const READ_RESPONSES = `
  SELECT idempotency_key AS key, part, request_hash, status, body
  FROM unnest($1::text[], $2::integer[]) AS wanted (idempotency_key, part) JOIN idempotency_keys USING (idempotency_key, part)`
const STORE_RESPONSES = `
  INSERT INTO idempotency_keys (idempotency_key, part, request_hash, status, body)
  SELECT * FROM unnest($1::text[], $2::integer[], $3::bytea[], $4::integer[], $5::text[])`

interface ResponseRow {
  readonly key: string
  readonly part: number
  readonly request_hash: Buffer
  readonly status: number
  readonly body: string
}

interface Stored {
  readonly hash: Buffer
  readonly response: WrittenResponse
}

interface Added {
  readonly request: IdempotentRequest
  readonly response: WrittenResponse
}

const placeOf = ({ key, part }: Pick<IdempotentRequest, 'key' | 'part'>): string => `${part} ${key}`

/**
 * Locks the keys of requests until the transaction ends, and reads their responses. When another transaction holds the lock of
 * one, this one does not wait for it: it would hold a connection that webhooks need. Sends its statements at once.
 */
export async function readStoredResponses(
  client: PoolClient,
  requests: readonly IdempotentRequest[],
): Promise<StoredResponses> {
  const [ours, earlier] = await lockAndRead(client, requests)
  const ourKeys = new Set(ours.map(({ key }) => key))
  const storedByPlace = new Map(earlier.map((row) => [placeOf(row), toStored(row)]))
  const added: Added[] = []
  return {
    find(request) {
      const stored = storedByPlace.get(placeOf(request))
      if (stored !== undefined) return stored.hash.equals(request.hash) ? stored.response : 'idempotency_key_reused'
      return ourKeys.has(request.key) ? undefined : 'idempotency_key_in_use'
    },
    add(request, response) {
      added.push({ request, response })
      storedByPlace.set(placeOf(request), { hash: request.hash, response: { ...response, isReplay: true } })
    },
    toStatements: () => (added.length === 0 ? [] : [storeResponses(added)]),
  }
}

async function lockAndRead(
  client: PoolClient,
  requests: readonly IdempotentRequest[],
): Promise<[readonly Pick<ResponseRow, 'key'>[], readonly ResponseRow[]]> {
  if (requests.length === 0) return [[], []]
  const keys = requests.map(({ key }) => key)
  const parts = requests.map(({ part }) => part)
  const [ours, earlier] = await roundTrip([
    client.query<Pick<ResponseRow, 'key'>>({ name: 'lock_idempotency_keys', text: LOCK_KEYS, values: [keys] }),
    client.query<ResponseRow>({ name: 'read_responses', text: READ_RESPONSES, values: [keys, parts] }),
  ])
  return [ours.rows, earlier.rows]
}

const toStored = ({ request_hash: hash, status, body }: ResponseRow): Stored => ({
  hash,
  response: { status, json: body, isReplay: true },
})

const storeResponses = (added: readonly Added[]): Statement => ({
  name: 'store_responses',
  text: STORE_RESPONSES,
  values: [
    added.map(({ request }) => request.key),
    added.map(({ request }) => request.part),
    added.map(({ request }) => request.hash),
    added.map(({ response }) => response.status),
    textArray(added.map(({ response }) => response.json)),
  ],
})
