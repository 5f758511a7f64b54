import type { Delivery, NewId } from '@paxyo/ledger'
import type { ParsedUpdate } from '@paxyo/order-core'
import { hash } from 'node:crypto'

/** Fits an index, a path and a cursor, with what a delivery's id adds to it. */
const MESSAGE_ID = /^[\x21-\x7e]{1,200}$/

/** The request that contained the updates. */
export interface UpdatesSource {
  readonly provider: string
  /** The id that the message keeps when it is retried; undefined when each request is a message. */
  readonly messageId: string | undefined
  readonly receivedAt: Date
}

/**
 * A message keeps its id when it is retried. Its body is part of the key, because a provider that used an id twice must
 * not lose its second message, and so is its provider: two of them may use the same id. An id that is too long for an
 * index, or that no path could name, is known by its digest.
 */
export function toDeliveries(
  updates: readonly ParsedUpdate[],
  { provider, messageId: givenId, receivedAt }: UpdatesSource,
  newId: NewId,
): Delivery[] {
  const messageId = givenId === undefined || MESSAGE_ID.test(givenId) ? givenId : digestOf(givenId)
  return updates.map(({ update, body }, index) => {
    const deliveryId = messageId === undefined ? newId() : `${messageId}:${index}:${digestOf(`${provider}\n${body}`)}`
    return { deliveryId, provider, update, body, receivedAt }
  })
}

const digestOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, 16)
