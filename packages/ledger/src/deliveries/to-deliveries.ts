import type { ParsedUpdate } from '@paxyo/order-core'
import { hash } from 'node:crypto'
import type { Delivery } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'

/** A message id that can be part of a delivery id, which must fit in an index row, a URL path and a cursor. */
const isShortId = (id: string): boolean => id.length <= 200 && /^[\x21-\x7e]+$/.test(id)

/** The request that contained the updates. */
export interface UpdatesSource {
  readonly provider: string
  /** The id that the message keeps when it is retried; undefined when each request is a message. */
  readonly messageId: string | undefined
  readonly receivedAt: Date
}

/**
 * Creates the deliveries of a request, with their ids, which are idempotency keys. Without a message id, every request
 * is new. A retried message has the same id, so its deliveries have the same ids. Two messages with one id are
 * different deliveries: the digest covers the provider, because two providers may use the same id, and the body,
 * because a provider may use an id twice by mistake. A digest replaces a message id that is too long or not usable in a
 * path.
 *
 * @example
 * const { update, body, receivedAt, provider } = canceled
 * const source = { provider, messageId: 'msg_1', receivedAt }
 * const [delivery] = toDeliveries([{ update: update!, body }], source, newId)
 * delivery!.deliveryId.startsWith('msg_1:0:') //=> true
 */
export function toDeliveries(
  updates: readonly ParsedUpdate[],
  { provider, messageId: givenId, receivedAt }: UpdatesSource,
  newId: NewId,
): Delivery[] {
  const messageId = givenId === undefined || isShortId(givenId) ? givenId : digestOf(givenId)
  return updates.map(({ update, body }, index) => {
    const deliveryId = messageId === undefined ? newId() : `${messageId}:${index}:${digestOf(`${provider}\n${body}`)}`
    return { deliveryId, provider, update, body, receivedAt }
  })
}

const digestOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, 16)
